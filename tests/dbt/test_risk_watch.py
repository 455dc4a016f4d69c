"""What follows from a finding, and how members, departments and doctors stand: risk marts beyond the rules.

Source: rules K and J; TC-14, TC-18, TC-19, TC-20, TC-72, TC-72b, TC-74, TC-75. TC-16 and TC-17 are unit tests beside
the model of the lights, which are run here. One consortium is built once; every test reads it.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from math import ceil, floor
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

NOW, BEFORE, CLOCK = "2026-10", "2025-10", "2026-11-01T01:30:00"
PET_CT = "EXM025"


def visit(name: str, member_doctor: str = "D1", **facts: Any) -> dict[str, Any]:
    return {
        "encounter_id": name, "patient_id": f"P-{name}", "encounter_type": "outpatient", "sex": "F", "age_years": 40,
        "payer": "resident", "dept_code": "A", "doctor_id": member_doctor, "started_at": "2026-10-05T09:00:00",
        "primary_diagnosis": "K29.1", **facts,
    }  # fmt: skip


def charge(encounter: str, item: str, amount: object, on: str = "2026-10-05") -> dict[str, Any]:
    return {
        "charge_id": f"C-{encounter}-{item}", "encounter_id": encounter, "charged_at": f"{on}T10:00:00",
        "item_code": item, "item_name": item, "charge_class": "exam", "quantity": 1, "unit_price": amount,
        "amount": amount, "ordering_dept": "A", "executing_dept": "A", "in_insurance_catalog": True,
    }  # fmt: skip


def settlement(encounter: str, denied: object = 0, **facts: Any) -> dict[str, Any]:
    return {
        "settlement_id": f"S-{encounter}", "encounter_id": encounter, "claimed_on": "2026-10-20",
        "total_charge": 10000, "fund_paid": 2000, "patient_paid": 0, "denied_amount": denied, **facts,
    }  # fmt: skip


def inspection(number: str, dept: str, amount: object, severity: str, on: str, encounter: str) -> dict[str, Any]:
    return {
        "finding_id": number, "source": "insurer", "found_on": on, "dept_code": dept, "rule_code": "R31",
        "encounter_id": encounter, "amount": amount, "severity": severity, "is_responsible_handled": True,
    }  # fmt: skip


def reported(code: str, numerator: object, denominator: object, value: object) -> dict[str, Any]:
    return {
        "indicator_code": code, "dept_code": "*", "numerator": numerator, "denominator": denominator, "value": value,
    }  # fmt: skip


def pet_ct(house: Warehouse, member: str, delivered: date, appeal: str | None = None) -> None:
    """TC-78's exam without an indication and its explanation; the finding's number is made here by hand."""
    house.deliver("encounters", member, NOW, [visit("PET")], on=delivered)
    house.deliver("charge_lines", member, NOW, [charge("PET", PET_CT, 7000)], on=delivered)
    if appeal:
        number = hashlib.md5(f"R63|{member}|PET|{PET_CT}|C-PET-{PET_CT}".encode()).hexdigest()
        row = {"appeal_id": "A", "subject": "finding", "subject_key": number, "submitted_on": appeal, "status": "open"}
        house.deliver("appeals", member, NOW, [row])


def told(house: Warehouse) -> None:
    """The consortium of this file."""
    house.deliver("departments", "H01", NOW, [
        {"dept_code": code, "dept_name": f"科室{code}", "dept_class": "clinical", "beds_open": beds}
        for code, beds in (("A", 400), ("B", 400), ("C", 0))
    ])  # fmt: skip
    house.deliver("departments", "H02", NOW, [{"dept_code": "A", "dept_name": "病区", "dept_class": "clinical",
                                               "beds_open": 800}])  # fmt: skip
    house.deliver("payroll", "H01", NOW, [
        {"person_id": f"{role}{n}", "dept_code": dept, "role": role, "fte": fte, "performance_pay": pay}
        for n, (role, dept, fte, pay) in enumerate([
            *(("doctor", "A", 2, 0) for _ in range(150)), *(("coder", "A", 1, 0) for _ in range(10)),
            ("nurse", "B", 1, 30000), ("nurse", "C", 1, 100000),
        ])
    ])  # fmt: skip
    house.deliver("payroll", "H02", NOW, [
        {"person_id": f"{role}{n}", "dept_code": "A", "role": role, "fte": fte, "performance_pay": 0}
        for n, (role, fte) in enumerate([*(("doctor", 2) for _ in range(150)), *(("coder", 1) for _ in range(9))])
    ])  # fmt: skip
    session = {"held_on": "2026-10-12", "topic": "医保条例", "is_passed": True, "hours": 2}
    house.deliver("insurer_training", "H01", NOW, [
        session | {"person_id": person, "dept_code": dept} for person, dept in (("doctor0", "A"), ("nurse160", "B"))
    ])  # fmt: skip
    house.deliver("insurer_training", "H01", BEFORE, [
        session | {"person_id": person, "dept_code": "A", "held_on": "2025-10-12", "hours": hours}
        for person, hours in (("P1", "9.5"), ("P2", "10"))
    ])  # fmt: skip
    house.deliver("encounters", "H01", NOW, [
        visit("PET"), visit("V1"), visit("V2", dept_code="B"), visit("V3", "D3"), visit("NEW"), visit("OLD"),
    ], on=date(2026, 10, 30))  # fmt: skip
    house.deliver("charge_lines", "H01", NOW, [
        charge("PET", PET_CT, 7000), charge("NEW", "ZX", 9000, "2026-10-10"), charge("OLD", "ZX", 9000, "2026-10-21"),
    ], on=date(2026, 10, 30))  # fmt: skip
    house.deliver("settlements", "H01", NOW, [
        settlement("NEW", 8000, denial_reason="未评估"), settlement("OLD", 500, denial_reason="未评估"),
    ])  # fmt: skip
    house.refer("item_assessments", [{"item_code": "ZX", "assessed_on": "2026-10-20"}])
    house.deliver("inspections", "H01", NOW, [
        inspection("I1", "A", 100000, "minor", "2026-10-08", "V1"),
        inspection("I2", "B", 50000, "systemic", "2026-10-09", "V2"),
        inspection("I3", "A", 10, "major", "2023-12-01", "V1"),  # 35 months before the night
        inspection("I4", "A", 10, "major", "2023-10-31", "V3"),  # 36 months and 1 day before it
        inspection("I5", "A", 700, "minor", "2026-10-10", "V1"),
        inspection("I6", "A", 600, "minor", "2026-10-10", "V1"),
    ])  # fmt: skip
    house.deliver("rectifications", "H01", NOW, [
        {"finding_id": "I1", "due_on": "2026-10-20", "completed_on": "2026-10-19", "measure": "退费"},
        {"finding_id": "I5", "due_on": "2026-10-30", "measure": "退费"},
        {"finding_id": "I3", "due_on": "2026-11-15", "measure": "退费"},
    ])  # fmt: skip
    house.deliver("appeals", "H01", NOW, [
        {"appeal_id": "A6", "subject": "finding", "subject_key": "I6", "submitted_on": "2026-10-12",
         "status": "upheld", "decided_on": "2026-10-14"},
    ])  # fmt: skip
    pet_ct(house, "H02", date(2026, 10, 29))
    pet_ct(house, "H03", date(2026, 10, 29), appeal="2026-10-31")
    pet_ct(house, "T01", date(2026, 10, 29), appeal="2026-11-01")
    grown = {"X": (140, 120), "Y": (140, 95)}  # TC-71: consumables and performance pay against 100 a year before
    for period, costs in ((BEFORE, dict.fromkeys(grown, (100, 100))), (NOW, grown)):
        house.deliver("charge_lines", "T03", period, [
            charge(f"M{dept}", "CON", material, f"{period}-05")
            | {"charge_class": "consumable", "ordering_dept": dept} for dept, (material, _) in costs.items()
        ])  # fmt: skip
        house.deliver("payroll", "T03", period, [
            {"person_id": f"N{dept}", "dept_code": dept, "role": "nurse", "fte": 1, "performance_pay": pay}
            for dept, (_, pay) in costs.items()
        ])  # fmt: skip
    house.deliver("encounters", "T04", NOW, [
        visit("STAY", encounter_type="inpatient", ended_at="2026-10-09T09:00:00", primary_diagnosis="K29.100"),
        visit("GONE", encounter_type="inpatient", ended_at="2026-10-09T09:00:00", primary_diagnosis="K29.100"),
    ])  # fmt: skip
    house.deliver("charge_lines", "T04", NOW, [charge("STAY", "X", 400), charge("GONE", "X", 100)])
    house.deliver("clinical_notes", "T04", NOW, [
        {"note_id": "N1", "encounter_id": "STAY", "text": "上腹痛2天,诊断急性胃炎。"},
        {"note_id": "N2", "encounter_id": "GONE", "text": "腹痛待查,无急性胃炎表现。"},
    ])  # fmt: skip
    house.refer("icd10", [{"code": "K29.100", "name": "急性胃炎"}])
    own = {"H01": 4, "H02": 3}  # insurance staff (TC-20)
    for member in ("H01", "H02", "H03", "T01", "T02", "T03", "T04"):
        quick = 7 if member != "T01" else 8  # S2-RISK-07 yellow at T01
        whole = 38 if member != "T02" else 30  # S2-RISK-06 yellow at T02
        house.deliver("reported_indicators", member, NOW, [
            reported("S2-RISK-05", 12, 12, 1), reported("S2-RISK-06", whole, 40, 1),
            reported("S2-RISK-07", quick, 1, 1), reported("S2-RISK-13", 97, 100, "0.97"),
            reported("S2-PERF-01", 85, 1, 85),
            *([reported("S2-RISK-09", own[member], 1, own[member])] if member in own else []),
        ])  # fmt: skip
        house.deliver("surveys", member, NOW, [
            {"survey_id": "S", "surveyed_on": "2026-10-25", "audience": "patient", "score": 95, "respondents": 20},
        ])  # fmt: skip
    weights = {"S2-RISK-05": ("structure", 40), "S2-RISK-06": ("structure", 20), "S2-RISK-07": ("structure", 40),
               "S2-RISK-13": ("process", 100), "S2-RISK-21": ("outcome", 100)}  # fmt: skip
    house.refer("risk_weights", [
        {"indicator_code": code, "block": block, "weight": weight, "source_rule": "-", "valid_from": "2024-01-01"}
        for code, (block, weight) in weights.items()
    ])  # fmt: skip


@pytest.fixture(scope="module")
def house(dbt_session: Warehouse) -> Iterator[Warehouse]:
    """The night of 1 November over this consortium."""
    before = os.environ.get("CONSORTIUM_NOW")
    os.environ["CONSORTIUM_NOW"] = CLOCK
    dbt_session.reset()
    told(dbt_session)
    dbt_session.build("+path:models/marts/risk", tests=False)
    yield dbt_session
    if before is None:
        del os.environ["CONSORTIUM_NOW"]
    else:
        os.environ["CONSORTIUM_NOW"] = before


def consequences(house: Warehouse, dept: str) -> dict[str, dict[str, Any]]:
    rows = house.rows(f"from risk.consequence where period = '{NOW}' and member_id = 'H01' and dept_code = '{dept}'")
    assert len(rows) == len({row["consequence"] for row in rows})
    return {row["consequence"]: row for row in rows}


def test_tc_14_a_violation_is_recovered_a_fifth_deducted_and_the_award_lost(house: Warehouse) -> None:
    """100,000 and the 700 that are not put right yet; what an appeal took back (I6) costs nothing."""
    found = consequences(house, "A")
    assert found["recovery"]["amount"] == Decimal("100700.00")
    assert found["deduction"]["amount"] == Decimal("20140.00")
    assert found["award_cancelled"]["until_on"] == date(2026, 12, 31)


def test_a_systemic_violation_takes_the_years_pay_in_the_place_of_the_fifth(house: Warehouse) -> None:
    """S2-PERF-05, AMB-46: recovery always."""
    found = consequences(house, "B")
    assert set(found) == {
        "recovery", "yearly_deduction", "suspension", "admonition", "award_cancelled",
    }  # fmt: skip
    assert (found["recovery"]["amount"], found["yearly_deduction"]["amount"]) == (50000, 30000)
    assert found["suspension"]["until_on"] == date(2026, 10, 16)


def test_tc_19_a_department_that_did_not_study_loses_a_twentieth_of_the_month(house: Warehouse) -> None:
    found = consequences(house, "C")
    assert (found["training_deduction"]["basis_amount"], found["training_deduction"]["amount"]) == (100000, 5000)
    assert "training_deduction" not in consequences(house, "A")


def test_tc_74_a_denial_of_what_was_used_before_its_assessment_is_the_departments(house: Warehouse) -> None:
    """8,000 of the first case; 500 of the case after the assessment follow the normal rule."""
    (row,) = house.rows("from risk.denial")
    assert (row["cases"], row["amount"], row["borne_by_department"]) == (2, 8500, 8000)
    assert row["rate"] == Decimal("0.68")  # 8,500 of 12,500 claimed
    assert consequences(house, "A")["denial_borne"]["amount"] == 8000


def test_tc_72_no_promotion_for_three_years_after_a_major_violation(house: Warehouse) -> None:
    bars = {row["doctor_id"]: row for row in house.rows("from risk.promotion_bar")}
    assert bars["D3"]["last_found_on"] == date(2023, 10, 31)
    assert (bars["D3"]["barred_until"], bars["D3"]["is_barred"]) == (date(2026, 10, 31), False)
    assert bars["D1"]["is_barred"]


def test_tc_72b_class_hours_of_a_year(house: Warehouse) -> None:
    status = {row["person_id"]: row["status"] for row in house.rows("from risk.training")}
    assert status == {"P1": "short", "P2": "met", "doctor0": "open", "nurse160": "open"}


def test_tc_75_an_explanation_within_24_hours_or_a_violation(house: Warehouse) -> None:
    """H01 still has time; H02 let it pass; H03 explained on the last day, T01 a day later."""
    rows = house.rows("from risk.follow_up where rule_code = 'R63' order by member_id")
    assert [(row["member_id"], row["status"], row["freeze_status"]) for row in rows] == [
        ("H01", "open", "frozen"), ("H02", "confirmed", None), ("H03", "explained", "under_review"),
        ("T01", "confirmed", None),
    ]  # fmt: skip
    assert [row["is_explained_in_time"] for row in rows] == [None, None, True, False]


def test_what_is_confirmed_has_seven_working_days(house: Warehouse) -> None:
    """Saturday 31 October and seven working days: Tuesday 10 November; a delivered plan goes before."""
    rows = {(row["member_id"], row["finding_id"]): row for row in house.rows("from risk.follow_up")}
    (late,) = (row for row in rows.values() if row["member_id"] == "H02" and row["rule_code"] == "R63")
    assert (late["confirmed_on"], late["rectify_by"]) == (date(2026, 10, 31), date(2026, 11, 10))
    assert rows["H01", "I1"]["rectify_by"] == date(2026, 10, 20)
    assert rows["H01", "I1"]["is_rectified_in_time"]
    assert (rows["H01", "I5"]["status"], rows["H01", "I5"]["overdue"]) == ("confirmed", "rectification")
    assert rows["H01", "I6"]["status"] == "denied"


def test_rectification_counts_what_was_due_by_the_night(house: Warehouse) -> None:
    """I1 in time, I5 overdue; I3 is due after the night; I2 was confirmed and never planned."""
    row = house.rows(f"from risk.rectification where member_id = 'H01' and period = '{NOW}'")[0]
    assert (row["findings"], row["due"], row["completed"], row["completed_in_time"], row["overdue"]) == (3, 2, 1, 1, 1)
    assert (row["unplanned"], row["completion_rate"]) == (1, Decimal("0.5"))


def test_tc_20_staff_against_beds_and_coders_against_physicians(house: Warehouse) -> None:
    """800 beds: 4 pass, 3 fail. 300 physicians: 10 coders pass, 9 fail."""
    rows = house.rows("from risk.indicator where indicator_code in ('S2-RISK-09', 'S2-RISK-11') and dept_code = '*'")
    lights = {(row["member_id"], row["indicator_code"]): (row["light"], row["side"]) for row in rows}
    assert lights == {
        ("H01", "S2-RISK-09"): ("green", None), ("H02", "S2-RISK-09"): ("yellow", "low"),
        ("H01", "S2-RISK-11"): ("green", None), ("H02", "S2-RISK-11"): ("yellow", "low"),
    }  # fmt: skip


def test_what_could_not_be_judged_has_no_light(house: Warehouse) -> None:
    """No stay with diagnoses and charges, nobody who came twice, no month after, and denials of one member only."""
    codes = "('S2-RISK-16', 'S2-RISK-17', 'S2-RISK-20')"
    assert house.rows(f"from risk.indicator where indicator_code in {codes}") == []
    told = house.rows("from intermediate.int_performance__measure where measure in ('settlements', 'readmissions_30d')")
    assert told == []  # H01 tells denials, but nothing of it is settled yet (S2-PERF-08)


def test_a_department_that_did_not_train_is_not_covered(house: Warehouse) -> None:
    """S2-RISK-02: H01 tells training, so a department without any stands at zero and not beside the table."""
    row = house.rows("from risk.indicator where indicator_code = 'S2-RISK-02' and dept_code = 'C'")[0]
    assert (row["value"], row["light"]) == (0, "yellow")


def test_tc_71_dear_consumables_and_a_higher_bonus(house: Warehouse) -> None:
    """140 and 120 against 100 are told; 140 with 95 is not. Departments of one name are too few to compare."""
    rows = {row["dept_code"]: row for row in house.rows(
        f"from risk.department_profile where period = '{NOW}' and member_id = 'T03'")}  # fmt: skip
    assert (rows["X"]["is_rewarded_for_cost"], rows["X"]["consumable_growth"]) == (True, Decimal("0.4"))
    assert rows["X"]["explanation"] == "耗材同比40.0%,绩效同比20.0%,高成本高收益"
    assert (rows["Y"]["is_flagged"], rows["Y"]["explanation"]) == (False, None)
    assert not rows["X"]["has_drifted"]


def test_a_record_supports_its_diagnosis_or_denies_it(house: Warehouse) -> None:
    """S2-RISK-50; cases without notes have no row."""
    rows = house.rows("from risk.text_evidence order by encounter_id")
    assert [(row["encounter_id"], row["claim"], row["support"], row["support_name"]) for row in rows] == [
        ("GONE", "diagnosis", "negated", "病历否认"), ("STAY", "diagnosis", "supported", "病历支持"),
    ]  # fmt: skip


def test_every_charged_stay_has_a_score_and_few_have_a_flag(house: Warehouse) -> None:
    """S2-RISK-49: two stays are no crowd to stand out from."""
    rows = house.rows("from risk.anomaly order by encounter_id")
    assert [(row["encounter_id"], row["peer_cases"], row["is_flagged"]) for row in rows] == [
        ("GONE", 2, False), ("STAY", 2, False),
    ]  # fmt: skip


def scorecards(house: Warehouse) -> list[dict[str, Any]]:
    return house.rows(f"from risk.scorecard where period = '{NOW}'")


def test_tc_18_the_insurance_score_counts_for_three_tenths_and_for_the_award(house: Warehouse) -> None:
    """T01: 84 x 0.25 + 60 x 0.45 + 100 x 0.30 = 78; T02: 92 for its structure, so 80."""
    cards = {row["member_id"]: row for row in scorecards(house) if row["dept_code"] == "*"}
    assert (cards["T01"]["score"], cards["T01"]["composite_score"], cards["T01"]["is_award_eligible"]) == (
        78, Decimal("82.90"), False,
    )  # fmt: skip
    assert (cards["T02"]["score"], cards["T02"]["composite_score"], cards["T02"]["is_award_eligible"]) == (
        80, Decimal("83.50"), True,
    )  # fmt: skip


def test_ranks_and_lists_by_another_way(house: Warehouse) -> None:
    """S2-PERF-06, AMB-36: counted again from scores and vetoes."""
    fields = defaultdict(list)
    for row in scorecards(house):
        fields["*" if row["dept_code"] == "*" else row["member_id"]].append(row)
    seen = set()
    for field in fields.values():
        ranked = [row for row in field if row["score"] is not None]
        for row in field:
            better = sum((one["vetoed"], -one["score"]) < (row["vetoed"], -(row["score"] or 0)) for one in ranked)
            worse = sum((one["vetoed"], -one["score"]) > (row["vetoed"], -(row["score"] or 0)) for one in ranked)
            wanted = "normal"
            if row["score"] is None:
                wanted = None
            elif len(ranked) >= 5 and better + 1 <= ceil(len(ranked) * Decimal("0.1")):
                wanted = "red"
            elif len(ranked) >= 5 and worse + 1 <= floor(len(ranked) * Decimal("0.1")):
                wanted = "black"
            assert row["list"] == ("black" if row["vetoed"] else wanted), row
            assert row["rank"] == (better + 1 if row["score"] is not None else None)
            assert row["publish_by"] == date(2026, 11, 10)
            seen.add(row["list"])
    assert {"red", "normal", "black"} <= seen


def test_major_violations_veto_their_member(house: Warehouse) -> None:
    """S2-RISK-25, S2-RISK-27: whatever the score says."""
    row = next(row for row in scorecards(house) if (row["member_id"], row["dept_code"]) == ("H01", "*"))
    assert (row["vetoed"], row["veto_name"], row["list"]) == (True, "重大违规事件", "black")


def test_the_lights_and_marts_hold_what_they_claim(house: Warehouse) -> None:
    """TC-16, TC-17, and the grain of each mart."""
    problems = house.dbt(
        "test",
        "--select",
        "path:models/marts/risk",
        "int_risk__light,test_type:unit",
        "int_risk__early_transfer,test_type:unit",
    )
    assert problems == {}


def test_doctors_add_up_to_their_member(house: Warehouse) -> None:
    """Every measure of a doctor's own cases, summed over the doctors, is the member's."""
    differing = house.rows("""
        with doctors as (
            select period, member_id, measure, sum(amount) as amount
            from intermediate.int_risk__doctor_measure group by all
        )
        from doctors
        inner join intermediate.int_risk__measure as members using (period, member_id, measure)
        where members.entity_level = 'member' and members.amount <> doctors.amount
    """)
    assert differing == []
    told = house.rows("select distinct measure from intermediate.int_risk__doctor_measure")
    assert {"outpatient_visits", "outpatient_fee"} <= {row["measure"] for row in told}
