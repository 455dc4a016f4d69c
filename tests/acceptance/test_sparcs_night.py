"""A night of New York's hospitals: 11,999 real discharges, 93 members, through the same job as any consortium.

Every figure is counted a second time, from the file itself, with csv and Decimal. The consortium has an adapter, a
folder of reference data and no code. What is invented for it stands in the adapter's note and in sparcs/README.md.
"""

from __future__ import annotations

import csv
import os
from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from pipelines import night
from tests.acceptance.sparcs.consortium import (
    CHARGE,
    COST,
    EXTRACTS,
    FACILITY,
    OVERFLOW,
    PERIOD,
    Sparcs,
    deliver,
    drg_of,
    member_of,
    seed,
    weights,
)

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("YILIAN_SHARED_DATA", ROOT.parent / "shared" / "data")) / "sparcs_ny_2022"
FILE = DATA / "sparcs_2022_raw_11999.csv"
WITHHELD = "NY0000"
Row = dict[str, str]

pytestmark = pytest.mark.skipif(
    not FILE.is_file(), reason=f"needs the SPARCS sample at {FILE}, which is no part of the project"
)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def consortium(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Sparcs:
    """The consortium after its night."""
    built = Sparcs(tmp_path_factory.mktemp("sparcs"))
    deliver(built.root / "landing", FILE)
    seed(built.root / "seeds", rows)
    finished: night.Finished = built.run()
    assert (finished.ending, finished.reasons) == ("published", ())
    return built


def faults(row: Row, extract: str) -> set[tuple[str, str]]:
    """Column and reason of each bad cell of a row."""
    found = set()
    if not row[FACILITY]:
        found |= {("encounter_id", "missing_value")}
        found |= {("settlement_id", "missing_value")} if extract == "settlements" else set()
    if extract == "encounters":
        found |= {("started_at", "not_a_timestamp")} if "+" in row["Length of Stay"] else set()
        found |= {("reported_cost", "not_a_number")} if row[COST] == OVERFLOW else set()
    if extract == "settlements" and row[CHARGE] == OVERFLOW:
        payer = "patient_paid" if row["Payment Typology 1"] == "Self-Pay" else "fund_paid"
        found |= {("total_charge", "not_a_number"), (payer, "not_a_number")}
    return found


def accepted(rows: list[Row], extract: str) -> list[Row]:
    """Rows without a bad cell, the same one once."""
    good = [row for row in rows if not faults(row, extract)]
    return list({tuple(row.values()): row for row in good}.values())


def grouped(rows: list[Row]) -> list[Row]:
    """Discharges whose stay and bill are both accepted: the cases that have a cost and a group."""
    billed = {tuple(row.values()) for row in accepted(rows, "settlements")}
    return [row for row in accepted(rows, "encounters") if tuple(row.values()) in billed]


def by(rows: list[Row], key: Callable[[Row], object]) -> dict[object, list[Row]]:
    groups: dict[object, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return dict(groups)


def cost(rows: list[Row]) -> Decimal:
    return sum((Decimal(row[COST]) for row in rows), Decimal(0))


def days(rows: list[Row]) -> int:
    return sum(int(row["Length of Stay"]) for row in rows)


def exact(number: Decimal, places: int = 2) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def test_the_file_is_the_one_the_figures_are_of(rows):
    assert len(rows) == 11_999
    assert len({row["Facility Name"] for row in rows}) == len({member_of(row) for row in rows}) == 93
    assert len(rows) - len({tuple(row.values()) for row in rows}) == 3


def test_every_row_is_accepted_or_quarantined(consortium, rows):
    told = {
        (member, extract): counted
        for member, extract, *counted in consortium.published(
            "select member_id, extract, rows_delivered, rows_accepted, rows_quarantined "
            "from governance.delivery_outcome"
        )
    }
    assert len(told) == 93 * len(EXTRACTS)
    for member, own in by(rows, member_of).items():
        for extract in EXTRACTS:
            good = 0 if member == WITHHELD else len(accepted(own, extract))
            assert told[member, extract] == [len(own), good, len(own) - good], (member, extract)
    for extract in EXTRACTS:
        delivered, good, bad = (sum(told[key][place] for key in told if key[1] == extract) for place in range(3))
        assert delivered == good + bad == 11_999


def test_each_kind_of_dirt_lies_in_quarantine_with_its_reason(consortium, rows):
    listed = Counter(
        {
            tuple(kind): count
            for *kind, count in consortium.published(
                "select extract, column_name, reason_code, count(*) from governance.quarantine group by all"
            )
        }
    )
    expected: Counter[tuple[str, ...]] = Counter()
    for extract in EXTRACTS:
        for row in rows:
            expected.update((extract, *fault) for fault in faults(row, extract))
        good = [row for row in rows if not faults(row, extract)]
        key = {"settlements": "settlement_id", "diagnoses": "encounter_id seq"}.get(extract, "encounter_id")
        expected[extract, key, "duplicate_row"] = len(good) - len(accepted(rows, extract))
    assert listed == expected
    assert listed["encounters", "reported_cost", "not_a_number"] == 8
    assert listed["settlements", "total_charge", "not_a_number"] == 63
    assert listed["encounters", "started_at", "not_a_timestamp"] == 15
    assert listed["encounters", "encounter_id", "missing_value"] == 20
    assert listed["encounters", "encounter_id", "duplicate_row"] == 3


def test_a_quarantined_cell_has_an_address(consortium, rows):
    own = by(rows, member_of)
    told = consortium.published(
        "select member_id, row_number, masked_value from governance.quarantine where column_name = 'started_at'"
    )
    assert len(told) == 15
    for member, number, value in told:
        assert own[member][number - 1]["Length of Stay"] == "120 +"
        assert "120 +" in value


def test_the_withheld_hospital_is_missing_and_the_others_are_fresh(consortium):
    status = {each: consortium.standing(each)["status"] for each in (WITHHELD, "NY1464", "NY0005")}
    assert status == {WITHHELD: "missing", "NY1464": "fresh", "NY0005": "fresh"}
    ((members,),) = consortium.published("select count(distinct member_id) from cost.case_cost")
    assert members == 92


def test_cost_of_every_group_in_every_hospital(consortium, rows):
    cases = grouped(rows)
    region = by(cases, drg_of)
    level = {member: "tertiary" if len(own) >= 100 else "secondary" for member, own in by(rows, member_of).items()}
    peers = by(cases, lambda row: (level[member_of(row)], drg_of(row)))
    expected = {}
    for (member, group), own in by(cases, lambda row: (member_of(row), drg_of(row))).items():
        all_of_it = region[group]
        mean = cost(own) / len(own)
        expected[member, group] = (
            len(own),
            exact(mean),
            exact(Decimal(days(own)) / len(own)),
            exact(cost(all_of_it) / len(all_of_it)),
            exact(cost(own) * len(all_of_it) / (cost(all_of_it) * len(own)), 6),
            min(exact(cost(one) / len(one)) for one in by(peers[level[member], group], member_of).values()),
        )
    told = {
        (member, group): tuple(figures)
        for period, member, group, *figures in consortium.published(
            "select period, member_id, drg_code, cases, mean_cost, mean_los, region_mean_cost, cost_ratio_to_region, "
            "peer_best_cost "
            "from cost.drg_cost"
        )
        if period == PERIOD
    }
    assert told == expected
    assert len(told) > 3000
    invented = "select count(*) from cost.drg_cost where coalesce(mean_drug, mean_labour, mean_indirect) is not null"
    assert consortium.one(invented) == 0


def test_cost_is_the_delivered_cost_case_by_case(consortium, rows):
    good = accepted(rows, "encounters")
    told = {
        member: (cases, total)
        for member, cases, total in consortium.published(
            "select member_id, count(*), sum(total_cost) from cost.case_cost where method = 'reported' group by 1"
        )
    }
    assert told == {member: (len(own), cost(own)) for member, own in by(good, member_of).items()}
    assert consortium.one("select count(*) from cost.case_cost where method <> 'reported'") == 0


def test_no_department_cost_and_a_reason_for_it(consortium):
    assert consortium.one("select count(*) from cost.department_cost") == 0
    told = consortium.published("select distinct period, basis, reason_code from cost.not_available")
    assert told == [(PERIOD, "reported", "NO_LEDGER")]
    assert consortium.one("select count(*) from cost.not_available") == 92


def test_standards_follow_from_weight_and_rate(consortium, rows):
    known = weights(rows)
    told = consortium.published("select distinct drg_code, payment_standard from cost.drg_cost")
    assert dict(told) == {group: exact(known[group] * 27801) for group in {drg_of(row) for row in grouped(rows)}}


@pytest.mark.parametrize("level", ["member", "consortium"])
def test_case_mix_and_stay(consortium, rows, level):
    known = weights(rows)
    stays, cases = accepted(rows, "encounters"), grouped(rows)
    whose: Callable[[Row], object] = member_of if level == "member" else lambda row: "consortium"
    expected = {
        ("D62-LOS", member): exact(Decimal(days(own)) / len(own), 6) for member, own in by(stays, whose).items()
    }
    for member, own in by(cases, whose).items():
        weight = sum((known[drg_of(row)] for row in own), Decimal(0))
        expected["S2-DRG-01", member] = exact(weight / len(own), 6)
        expected["S3-DRG-25", member] = exact(cost(own) / len(own), 6)
    told = {
        (kpi, entity if level == "member" else "consortium"): value
        for kpi, entity, value in consortium.published(
            "select kpi_code, entity_id, value from performance.kpi_value "
            f"where entity_level = '{level}' and kpi_code in ('D62-LOS', 'S2-DRG-01', 'S3-DRG-25')"
        )
    }
    assert told == expected


def test_lights_stand_on_what_can_be_computed(consortium, rows):
    told = {
        (code, member): (numerator, denominator, light)
        for code, member, numerator, denominator, light in consortium.published(
            "select indicator_code, member_id, numerator, denominator, light from risk.indicator where dept_code = '*'"
        )
    }
    assert {code for code, _ in told} == {"S2-RISK-22", "S2-RISK-23", "S2-RISK-25"}
    cases = by(grouped(rows), member_of)
    minor = {
        member: [row for row in own if row["APR Severity of Illness Code"] == "1"] for member, own in cases.items()
    }
    expected = {}
    for member, own in minor.items():
        deaths = sum(row["Patient Disposition"] == "Expired" for row in own)
        if own:
            expected["S2-RISK-25", member] = (deaths, len(own), "red" if deaths else "green")
    assert {key: value for key, value in told.items() if key[0] == "S2-RISK-25"} == expected
    for member, own in cases.items():
        charge = sum((Decimal(row[CHARGE]) for row in own), Decimal(0))
        surplus, payment, light = told["S2-RISK-22", member]
        assert surplus == payment - charge
        assert light == ("green" if surplus / payment >= Decimal("0.05") else "yellow")


def test_gates_say_what_does_not_apply(consortium):
    told = dict(consortium.published("select check_name, status from governance.gate where gate in ('2', '3')"))
    assert set(told.values()) == {"passed", "not applicable"}
    for name in ("loses_no_ledger_line", "conserves_allocation", "covers_members_in_ledger", "covers_periods"):
        assert told[name] == "not applicable"
    for name in ("keeps_reported_cost", "repeats_no_kpi", "lights_have_limits"):
        assert told[name] == "passed"
