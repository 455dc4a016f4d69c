"""The planted violations are in the data, and nothing else is: each rule asked in SQL of its own.

For every rule below the encounters that break it are exactly the labelled ones, over all members and periods:
natural data are clean, hits hit, near-misses don't.
"""

from __future__ import annotations

import csv

import pytest

from pipelines import demo
from tests.unit.demo.conftest import Ask

STAYS = (
    "(select member, encounter_id, any_value(patient_id) patient_id, min(started_at) started_at, "
    "coalesce(max(ended_at), last_day(strptime(max(period), '%Y-%m'))) ended_at, "
    "arg_max(disposition, period) disposition, any_value(primary_diagnosis) dx, "
    "bool_or(coalesce(is_planned_readmission, false)) planned from encounters where "
    "encounter_type = 'inpatient' group by all)"
)
CASES = "(select distinct on (encounter_id) * from encounters order by encounter_id, period desc)"
LINES = (
    "(select c.*, e.sex, e.age_years, e.payer, e.primary_diagnosis dx, e.patient_id, e.encounter_type "
    f"from charge_lines c join {CASES} e using (encounter_id))"
)
WARDS = "(select encounter_id, any_value(dept_code) dept_code from encounters group by all)"
SIGNED = "(select patient_id, any_value(gp_id) gp_id from family_contracts where period = '2026-10' group by all)"
EXEMPT = "regexp_matches(b.dx, '^(Z51[.][018]|Z49|Z50|O8[0-4])')"
GRADED = "(select s.encounter_id, d.adrg from settlements s join seed_drg d using (drg_code))"

QUERIES = {
    "R01": f"select b.encounter_id from {STAYS} a join {STAYS} b on a.member = b.member and "
    "a.patient_id = b.patient_id "
    "and b.started_at > a.started_at left join graded ga on ga.encounter_id = a.encounter_id "
    "left join graded gb on gb.encounter_id = b.encounter_id "
    "where date_diff('day', a.ended_at, b.started_at) between 0 and 15 and a.disposition = 'home' and not b.planned "
    f"and (a.dx[:3] = b.dx[:3] or ga.adrg = gb.adrg) and not {EXEMPT}",
    "R02": f"select b.encounter_id from {STAYS} a join {STAYS} b on a.member <> b.member and "
    "a.patient_id = b.patient_id "
    "and b.started_at > a.started_at where date_diff('day', a.ended_at, b.started_at) between "
    "0 and 7 and a.dx[:3] = b.dx[:3] "
    "and not exists (select 1 from referrals r where r.patient_id = b.patient_id and r.to_member_id = b.member)",
    "R03": f"select b.encounter_id from {STAYS} a join {STAYS} b on a.member = b.member and "
    "a.patient_id = b.patient_id "
    "and a.encounter_id <> b.encounter_id where a.ended_at::date = b.started_at::date and b.started_at >= a.ended_at",
    "R05": f"select v.encounter_id from {CASES} v join {STAYS} s using (patient_id) where "
    "v.encounter_type in ('outpatient', 'emergency') "
    "and v.started_at::date > s.started_at::date and v.started_at::date < s.ended_at::date",
    "R06": f"select b.encounter_id from {STAYS} a join {STAYS} b on a.patient_id = b.patient_id and "
    "a.encounter_id <> b.encounter_id "
    "and b.started_at > a.started_at where date_diff('day', b.started_at, least(a.ended_at, b.ended_at)) >= 1",
    "R10": f"select encounter_id from charge_lines c join {STAYS} s using (encounter_id) "
    "where c.charged_at::date > s.ended_at::date + 1 or c.charged_at::date < s.started_at::date",
    "R11": f"select v.encounter_id from {CASES} v join {STAYS} s using (patient_id) where s.disposition = 'died' "
    "and v.started_at::date > s.ended_at::date",
    "R12": f"select s.encounter_id from {STAYS} s join {WARDS} using (encounter_id) join {SIGNED} using (patient_id) "
    "qualify count(*) over (partition by s.member, dept_code, s.started_at::date, dx[:3], gp_id) >= 5",
    "R13": f"select max_by(encounter_id, started_at) from {STAYS} group by patient_id, "
    "year(started_at) having count(*) >= 6",
    "S2-RISK-44": f"select c.encounter_id from {STAYS} a join {STAYS} b using (patient_id) join {STAYS} c "
    "using (patient_id) "
    "where a.started_at < b.started_at and b.started_at < c.started_at "
    "and date_diff('day', a.started_at, c.started_at) < 7",
    "R20": "select s.encounter_id from settlements s join seed_drg d using (drg_code) where "
    "s.drg_code[4] in ('1', '3') "
    "and exists (select 1 from seed_drg l where l.adrg = d.adrg and l.drg_code[4] = '5') "
    "and not exists (select 1 from diagnoses x where x.encounter_id = s.encounter_id and x.seq > 1 and not "
    "(x.icd10 like 'J96%' and not exists (select 1 from charge_lines c where c.encounter_id = s.encounter_id "
    "and c.item_code in ('LAB025', 'TRT003', 'TRT004', 'TRT005'))))",
    "R22": "select s.encounter_id from settlements s join seed_drg d using (drg_code) where d.partition = 'surgical' "
    "and not exists (select 1 from charge_lines c where c.encounter_id = s.encounter_id and "
    "c.charge_class = 'surgery')",
    "R31": f"select any_value(encounter_id) from {LINES} l join seed_items i using (item_code) "
    "where i.is_hourly = 'false' and coalesce(i.max_per_day, case i.limit_window when 'day' "
    "then i.limit_quantity end) is not null "
    "group by l.member, l.patient_id, item_code, charged_at::date "
    "having sum(quantity) > any_value(coalesce(i.max_per_day, i.limit_quantity)::decimal)",
    "R32": "select encounter_id from charge_lines c join seed_items i using (item_code) where unit_price > "
    "(case when c.member = 'H01' then max_price_tertiary when c.member like 'H%' then max_price_secondary "
    "else max_price_primary end)::decimal(18, 4)",
    "R34": f"select any_value(encounter_id) from {LINES} l join seed_items i using (item_code) where "
    "i.is_hourly = 'true' "
    "group by l.member, l.patient_id, item_code, charged_at::date having sum(quantity) > 24",
    "R35": f"select s.encounter_id from {LINES} s join seed_item_pairs p on p.with_item_code = s.item_code "
    f"and p.relation = 'included' join {LINES} m on m.item_code = p.item_code and m.patient_id = s.patient_id "
    "and m.member = s.member and case when p.\"window\" = 'visit' then m.encounter_id = s.encounter_id "
    "when p.\"window\" = 'day' then m.charged_at::date = s.charged_at::date "
    "else abs(date_diff('minute', m.charged_at, s.charged_at)) < 60 end",
    "R38": "select * from (with used as (select member, item_code, quarter, "
    "sum(opening_qty + received_qty - closing_qty) used from "
    "(select *, period[:4] || 'Q' || ((period[6:]::int + 2) // 3) as quarter from stock) group by all), "
    "lines as (select *, period[:4] || 'Q' || ((period[6:]::int + 2) // 3) as quarter from charge_lines), "
    "billed as (select member, item_code, quarter, sum(quantity) billed from lines group by all) "
    "select encounter_id from lines join billed using (member, item_code, quarter) join used "
    "using (member, item_code, quarter) where billed > 1.02 * used "
    "qualify sum(quantity) over (partition by member, item_code, quarter order by charged_at desc, charge_id desc) "
    "- quantity < billed - used)",
    "R39": "select encounter_id from charge_lines c where charge_class = 'high_value_consumable' and not exists "
    "(select 1 from charge_lines s where s.encounter_id = c.encounter_id and s.charge_class = 'surgery')",
    "R41": "select encounter_id from charge_lines asof join (select member, item_code, unit_price as cost, received_on "
    "from purchases) p on charge_lines.member = p.member and charge_lines.item_code = p.item_code "
    "and charge_lines.charged_at >= p.received_on where unit_price > cost + 0.01 and "
    "charge_class in ('drug', 'consumable', 'high_value_consumable')",
    "R43": f"select encounter_id from {LINES} l join seed_items i using (item_code) where i.catalog_class = 'C' "
    "and l.in_insurance_catalog and payer in ('employee', 'resident')",
    "R50": f"select encounter_id from {LINES} l join seed_drug_limits d on d.drug_code = l.item_code "
    "where d.level_limit = 'secondary' and l.member[1] in ('T', 'V') and payer <> 'self'",
    "R51": f"select l.encounter_id from {LINES} l join seed_drug_limits d on d.drug_code = l.item_code "
    "where d.indication_icd_prefixes is not null and payer <> 'self' and not exists "
    f"(select 1 from unnest(string_split(d.indication_icd_prefixes, '|')) p(prefix) where starts_with(l.dx, prefix) "
    "or exists (select 1 from diagnoses x where x.encounter_id = l.encounter_id and starts_with(x.icd10, prefix)))",
    "R52": f"select encounter_id from {LINES} l join seed_drug_limits d on d.drug_code = l.item_code "
    "where (l.sex <> 'U' and d.sex_limit <> l.sex) or l.age_years < d.age_min::int or l.age_years > d.age_max::int",
    "R53": f"select p.encounter_id from prescriptions p join {CASES} e using (encounter_id) join "
    "seed_drug_limits d using (drug_code) "
    "where d.max_days is not null and e.payer <> 'self' group by p.encounter_id, drug_code "
    "having sum(days) > any_value(d.max_days::int)",
    "R54": "select encounter_id from (select *, lag(prescribed_on + days::int) over "
    "(partition by patient_id, drug_code order by prescribed_on) as lasts_to "
    f"from prescriptions join {CASES} e using (encounter_id) "
    "where e.encounter_type in ('outpatient', 'emergency') and payer <> 'self') "
    "where date_diff('day', prescribed_on, lasts_to) > 7",
    "R60": f"select encounter_id from {LINES} l join seed_items i using (item_code) where l.charge_class <> 'drug' "
    "and l.sex <> 'U' and i.sex_limit <> l.sex",
    "R61": f"select encounter_id from {LINES} l join seed_items i using (item_code) where l.charge_class <> 'drug' "
    "and (l.age_years < i.age_min::int or l.age_years > i.age_max::int)",
    "R67": f"select encounter_id from {CASES} where encounter_type in ('outpatient', 'emergency') "
    "qualify row_number() over (partition by doctor_id, started_at::date order by started_at, encounter_id) = 101",
    "S5-RISK-01": f"select b.encounter_id from {LINES} a join {LINES} b on a.patient_id = b.patient_id "
    "and a.item_code = b.item_code and a.member <> b.member and a.charged_at < b.charged_at "
    "and a.charged_at::date = b.charged_at::date where b.charge_class in ('exam', 'lab', 'surgery')",
}


@pytest.fixture(scope="session")
def labels(county: demo.DemoSummary) -> list[dict[str, str]]:
    with (county.labels / "violations.csv").open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize("rule", QUERIES)
def test_what_breaks_a_rule_is_what_was_planted(rule: str, ask: Ask, labels: list[dict[str, str]]) -> None:
    planted = {row["encounter_id"] for row in labels if row["rule_code"] == rule and row["is_violation"] == "true"}
    found = {row[0] for row in ask(f"with graded as {GRADED} {QUERIES[rule]}")}
    assert planted, f"nothing planted for {rule}"
    assert found == planted


def test_every_hit_has_a_near_miss(labels: list[dict[str, str]]) -> None:
    hits = {row["rule_code"] for row in labels if row["is_violation"] == "true"}
    near = {row["rule_code"] for row in labels if row["is_violation"] == "false"}
    assert hits <= near


def test_labels_point_at_lines_that_are_there(ask: Ask, labels: list[dict[str, str]]) -> None:
    charged = {(row[0], row[1]) for row in ask("select charge_id, encounter_id from charge_lines")}
    for row in labels:
        for charge in filter(None, row["charge_ids"].split("|")):
            assert (charge, row["encounter_id"]) in charged, row
    known = {row[0] for row in ask("select encounter_id from encounters")}
    assert {row["encounter_id"] for row in labels} <= known


def test_no_recognisable_exam_is_done_twice_within_thirty_days(ask: Ask, labels: list[dict[str, str]]) -> None:
    """S3-SHARE-05: repeats are the labelled ones only, inside a member and across members."""
    twice = ask(
        f"select b.encounter_id from {LINES} a join {LINES} b on a.patient_id = b.patient_id and "
        "a.item_code = b.item_code "
        "and a.charge_id <> b.charge_id and b.charged_at > a.charged_at "
        "join seed_items i on i.item_code = a.item_code and i.is_recognisable = 'true' "
        "where date_diff('day', a.charged_at, b.charged_at) <= 30"
    )
    planted = {r["encounter_id"] for r in labels if r["rule_code"] == "S2-RISK-45" and r["is_violation"] == "true"}
    planted |= {
        r["encounter_id"] for r in labels if r["rule_code"] == "R64"
    }  # scans soon after another, and not so soon
    assert {row[0] for row in twice} == planted
