"""What a case costs, and that nothing of the month's cost gets lost between departments and cases.

One build, a member for each story: H01 TC-63, H02 items, H03 stays over the month end, T01 top-down,
T02 cost-to-charge, T03 what stays unmatched, T04 reported costs only, V01 a pharmacy and an intensive-care ward.
"""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import openpyxl
import pytest

from pipelines.costing.workbook import NoReport, write_all

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

PERIOD = "2026-10"
ACCOUNTS = {"labour": "50010101", "consumable": "50010102", "drug": "50010103", "depreciation": "50010104"}
MARTS = ("+path:models/marts/cost", "+ledger__unmapped_account")
Costs = dict[tuple[str | None, str], Any]
Rows = list[dict[str, Any]]


def chart(warehouse: Warehouse) -> None:
    rows = [
        {"vendor_or_member": m, "local_account_pattern": account, "account_code": account, "valid_from": "2025-01-01"}
        for m in ("H01", "H02", "H03", "T01", "T02", "T03", "T04", "V01")
        for account in (*ACCOUNTS.values(), "1002")
    ]
    warehouse.refer("account_map", rows)


def ledger(warehouse: Warehouse, member: str, costs: Costs, period: str = PERIOD) -> None:
    lines = [
        {"voucher_no": "V1", "line_no": n, "dept_code": dept, "account_code": ACCOUNTS[element], "debit": amount}
        for n, ((dept, element), amount) in enumerate(costs.items(), start=1)
    ]
    bank = {"voucher_no": "V1", "line_no": 0, "account_code": "1002", "credit": sum(map(Decimal, costs.values()))}
    warehouse.deliver("gl_entries", member, period, [bank, *lines])


def departments(warehouse: Warehouse, member: str, period: str = PERIOD, **classes: tuple[str, int]) -> None:
    rows = [
        {"dept_code": code, "dept_name": code, "dept_class": kind, "headcount": heads, "floor_area_m2": 1}
        for code, (kind, heads) in classes.items()
    ]
    warehouse.deliver("departments", member, period, rows)


def charge(encounter: str, item: str, kind: str, quantity: Any, amount: Any, by: str, on: str = f"{PERIOD}-05") -> Any:
    return {
        "charge_id": f"{encounter}-{item}-{on}",
        "encounter_id": encounter,
        "charged_at": f"{on}T08:00:00",
        "item_code": item,
        "charge_class": kind,
        "quantity": quantity,
        "amount": amount,
        "ordering_dept": "WARD",
        "executing_dept": by,
    }


def stay(encounter: str, start: str = f"{PERIOD}-03", end: str | None = f"{PERIOD}-08", **more: Any) -> dict[str, Any]:
    return {
        "encounter_id": encounter,
        "encounter_type": "inpatient",
        "dept_code": "WARD",
        "started_at": f"{start}T09:00:00",
        "ended_at": None if end is None else f"{end}T10:00:00",
    } | more


def settled(warehouse: Warehouse, member: str, **drg_of: str) -> None:
    rows = [{"settlement_id": e, "encounter_id": e, "drg_code": drg, "total_charge": 1} for e, drg in drg_of.items()]
    warehouse.deliver("settlements", member, PERIOD, rows)


def tc_63(warehouse: Warehouse) -> None:
    """Drugs 2,000, consumables 1,500, 6 of 500 h of 100,000 labour, 2 of 20,000 exams of 3,000,000, management 400."""
    departments(warehouse, "H01", OFFICE=("admin", 1), WARD=("clinical", 9), IMAGING=("medtech", 0))
    own = {("WARD", "labour"): "100000", ("WARD", "drug"): "2000", ("WARD", "consumable"): "1500"}
    shared = {("OFFICE", "labour"): "33333.33", ("IMAGING", "depreciation"): "3000000"}
    ledger(warehouse, "H01", own | shared)
    warehouse.deliver("encounters", "H01", PERIOD, [stay("E1"), stay("E2")])
    warehouse.deliver(
        "charge_lines",
        "H01",
        PERIOD,
        [
            charge("E1", "DRUG1", "drug", 1, 2000, "WARD"),
            charge("E1", "MAT1", "consumable", 1, 1500, "WARD"),
            charge("E1", "CARE", "treatment", 6, 600, "WARD"),
            charge("E1", "SCAN", "exam", 2, 400, "IMAGING"),
            charge("E2", "CARE", "treatment", 494, 49400, "WARD"),
            charge("E2", "SCAN", "exam", 19998, 3999600, "IMAGING"),
        ],
    )
    # T04's cases bring the region to 6,000.00 per unit of weight: 3,136,833.33 / (1.2 + 1.6056 + 26 x 20)
    settled(warehouse, "H01", E1="ZZ15", E2="ZZ11")
    settled(warehouse, "T04", **{f"W{n}": "ZZ19" for n in range(26)})


def laboratory(warehouse: Warehouse) -> None:
    departments(warehouse, "H02", LAB=("medtech", 1), WARD=("clinical", 1))
    ledger(warehouse, "H02", {("LAB", "labour"): "204470.60", ("LAB", "depreciation"): "100000"})
    warehouse.deliver("encounters", "H02", PERIOD, [stay("E1")])
    lines = [("A", 1000, 100_000), ("B", 400, 120_000), ("C", 100, 70_000)]
    charges = [charge("E1", item, "lab", quantity, amount, "LAB") for item, quantity, amount in lines]
    warehouse.deliver("charge_lines", "H02", PERIOD, charges)


def over_the_month_end(warehouse: Warehouse) -> None:
    for period, cost in (("2026-09", "900"), (PERIOD, "600")):
        departments(warehouse, "H03", period, WARD=("clinical", 1))
        ledger(warehouse, "H03", {("WARD", "labour"): cost}, period)
    september = [stay("E1", "2026-09-20", None), stay("E2", "2026-09-20", "2026-09-25")]
    warehouse.deliver("encounters", "H03", "2026-09", september)
    warehouse.deliver("encounters", "H03", PERIOD, [stay("E1", "2026-09-20")])
    charges = [charge("E1", "CARE", "treatment", 2, 20, "WARD", "2026-09-22")]
    charges.append(charge("E2", "CARE", "treatment", 1, 10, "WARD", "2026-09-22"))
    warehouse.deliver("charge_lines", "H03", "2026-09", charges)
    warehouse.deliver("charge_lines", "H03", PERIOD, [charge("E1", "CARE", "treatment", 1, 10, "WARD")])


def without_charges(warehouse: Warehouse) -> None:
    departments(warehouse, "T01", LAB=("medtech", 1), WARD=("clinical", 1))
    ledger(warehouse, "T01", {("WARD", "labour"): "700", ("LAB", "labour"): "300"})
    warehouse.deliver("encounters", "T01", PERIOD, [stay("E1", end=f"{PERIOD}-11"), stay("E2", end=f"{PERIOD}-05")])


def without_equivalents(warehouse: Warehouse) -> None:
    departments(warehouse, "T02", WARD=("clinical", 1))
    ledger(warehouse, "T02", {("WARD", "labour"): "600"})
    warehouse.deliver("encounters", "T02", PERIOD, [stay("E1"), stay("E2")])
    lines = [("E1", 1, 100), ("E2", 9, 300)]
    charges = [charge(encounter, "NEW", "treatment", quantity, amount, "WARD") for encounter, quantity, amount in lines]
    warehouse.deliver("charge_lines", "T02", PERIOD, charges)


def with_hours_of_physicians(warehouse: Warehouse) -> None:
    """T02 in September: 600 of labour by three hours and one, 400 of depreciation by what was charged."""
    departments(warehouse, "T02", "2026-09", WARD=("clinical", 1))
    ledger(warehouse, "T02", {("WARD", "labour"): "600", ("WARD", "depreciation"): "400"}, "2026-09")
    dates = {"start": "2026-09-03", "end": "2026-09-08"}
    stays = [stay("S1", **dates, physician_hours=3), stay("S2", **dates, physician_hours=1)]
    warehouse.deliver("encounters", "T02", "2026-09", stays)
    lines = [
        charge(code, "NEW", "treatment", 1, amount, "WARD", "2026-09-05") for code, amount in (("S1", 100), ("S2", 300))
    ]
    warehouse.deliver("charge_lines", "T02", "2026-09", lines)


def pharmacy_and_icu(warehouse: Warehouse) -> None:
    departments(warehouse, "V01", PHARMACY=("medtech", 1), ICU=("clinical", 1), WARD=("clinical", 1))
    costs = {
        ("PHARMACY", "labour"): "30",
        ("PHARMACY", "drug"): "90",
        ("ICU", "labour"): "100",
        ("WARD", "labour"): "60",
    }
    ledger(warehouse, "V01", costs)
    warehouse.deliver("encounters", "V01", PERIOD, [stay("E1"), stay("E2")])
    lines = [charge("E1", "MED", "drug", 1, 20, "PHARMACY"), charge("E2", "MED", "drug", 1, 10, "PHARMACY")]
    lines += [charge(encounter, "CARE", "treatment", 1, 5, "WARD") for encounter in ("E1", "E2")]
    warehouse.deliver("charge_lines", "V01", PERIOD, lines)
    nights = [("E1", 4), ("E2", 5), ("E2", 6), ("E2", 7)]
    rows = [
        {"encounter_id": e, "census_date": f"{PERIOD}-{n:02d}", "bed_tier": "critical", "dept_code": "ICU"}
        for e, n in nights
    ]
    warehouse.deliver("bed_days", "V01", PERIOD, rows)


def unmatched(warehouse: Warehouse) -> None:
    departments(warehouse, "T03", LAB=("medtech", 1), WARD=("clinical", 1))
    ledger(warehouse, "T03", {("WARD", "labour"): "600", ("LAB", "labour"): "100", ("WARD", "drug"): "50"})
    warehouse.deliver("encounters", "T03", PERIOD, [stay("E1", reported_cost=9999)])
    lines = [charge("E1", "CARE", "treatment", 3, 100, "WARD"), charge("GONE", "CARE", "treatment", 1, 30, "WARD")]
    warehouse.deliver("charge_lines", "T03", PERIOD, lines)


@pytest.fixture(scope="module")
def marts(dbt_session: Warehouse) -> dict[str, Rows]:
    """The cost marts of the stories above, read once."""
    warehouse = dbt_session
    warehouse.reset()
    chart(warehouse)
    plain = {"charge_class": "treatment", "valid_from": "2025-01-01"}
    equivalents = {"CARE": "1", "SCAN": "1", "A": "1.0", "B": "2.5", "C": "6.0"}
    prices = [plain | {"item_code": code, "item_name": code, "equivalent": e} for code, e in equivalents.items()]
    warehouse.refer("items", prices)
    minutes = [("A", "1", "1"), ("B", "2.5", "0"), ("C", "6", "5")]
    once = {"activity": "analyse", "activity_name": "上机检测", "valid_from": "2025-01-01"}
    times = [
        once | {"item_code": i, "staff_minutes": staff, "equipment_minutes": device} for i, staff, device in minutes
    ]
    warehouse.refer("item_activities", times)
    group = {"mdc": "Z", "adrg": "ZZ1", "partition": "medical", "risk_grade": 1, "valid_from": "2025-01-01"}
    weights = {"ZZ15": "1.2", "ZZ11": "1.6056", "ZZ19": "20"}
    warehouse.refer("drg", [group | {"drg_code": c, "drg_name": c, "weight": w} for c, w in weights.items()])
    ordinary = (laboratory, over_the_month_end, without_charges, without_equivalents, with_hours_of_physicians)
    for story in (tc_63, *ordinary, unmatched, pharmacy_and_icu):
        story(warehouse)
    weighty = [stay(f"W{n}", reported_cost=0) for n in range(26)]
    warehouse.deliver("encounters", "T04", PERIOD, [stay("E1", reported_cost=1234), stay("E2"), *weighty])
    census = {"census_date": f"{PERIOD}-04", "dept_code": "WARD", "bed_tier": "general", "beds_occupied": 10}
    warehouse.deliver("bed_census", "H01", PERIOD, [census])
    warehouse.build(*MARTS)
    names = ("case_cost", "case_reconciliation", "item_cost", "not_available", "item_cost_method", "activity_cost")
    names = (
        *names,
        "case_method",
        "work_in_progress",
        "unit_cost",
        "unit_cost_element",
        "drg_service_unit",
        "disease_cost",
    )
    return {name: warehouse.rows(f"from cost.{name} order by all") for name in names}


def of(rows: Rows, member: str, period: str = PERIOD) -> Rows:
    return [row for row in rows if row["member_id"] == member and row["period"] == period]


def test_tc_63_direct_indirect_and_risk_cost_of_a_case(marts: dict[str, Rows]) -> None:
    case = of(marts["case_cost"], "H01")[0]
    parts = [case[part] for part in ("drug", "consumable", "labour", "depreciation", "indirect", "risk")]
    assert parts == [2000, 1500, 1200, 300, 400, 720]
    assert case["total_cost"] + case["risk"] == 6120
    assert (case["method"], case["los_days"], case["charge"]) == ("bottom_up", 5, 4500)
    (month,) = of(marts["case_reconciliation"], "H01")
    assert month["department_cost"] == month["closed_cases"] + month["rounding"]
    assert (month["difference"], month["item_coverage"]) == (0, 1)


def test_item_costs_by_equivalents_use_up_the_department(marts: dict[str, Rows]) -> None:
    """Domain 1.9: base 304,470.60 over 2,600 equivalents is 117.1041 each; items 117.10, 292.76, 702.62."""
    items = of(marts["item_cost"], "H02")
    assert [row["unit_cost"] for row in items] == [Decimal("117.1041"), Decimal("292.7602"), Decimal("702.6245")]
    assert sum(row["total_cost"] for row in items) == Decimal("304470.60")
    assert [row["margin"] for row in items] == [row["revenue"] - row["total_cost"] for row in items]


def test_items_by_activity_and_by_ratios_use_up_the_same_base(marts: dict[str, Rows]) -> None:
    """Domain 1.9: A takes 1,000 of 2,600 staff minutes of 204,470.60 and 1,000 of 1,500 device minutes of 100,000."""
    costs: dict[str, dict[str, Decimal]] = {}
    for row in of(marts["item_cost_method"], "H02"):
        costs.setdefault(row["method"], {})[row["item_code"]] = row["total_cost"]
    assert {method: sum(items.values()) for method, items in costs.items()} == dict.fromkeys(
        ("equivalent", "activity", "revenue_share", "time_share", "workload_share"), Decimal("304470.60")
    )
    assert costs["activity"]["A"] == Decimal("145309.21")
    assert costs["time_share"] == costs["equivalent"]
    assert costs["workload_share"]["A"] == Decimal("202980.40")
    (activity,) = of(marts["activity_cost"], "H02")
    assert (activity["staff_minutes"], activity["cost_per_staff_minute"]) == (2600, Decimal("78.6425"))
    assert activity["total_cost"] == Decimal("304470.60")


def test_a_bed_day_without_drugs_and_charged_materials(marts: dict[str, Rows]) -> None:
    """TC-63's ward: 3,136,833.33 over ten days, 3,500 of it drugs and materials that patients were charged for."""
    (ward,) = of(marts["unit_cost"], "H01")
    assert (ward["unit_cost"], ward["unit_cost_without_materials"]) == (Decimal("313683.33"), Decimal("313333.33"))
    assert sum(row["total_cost"] for row in of(marts["unit_cost_element"], "H01")) == ward["total_cost"]


def test_ways_of_costing_cases_side_by_side(marts: dict[str, Rows]) -> None:
    """Per way inpatients and what nobody carries make the inpatient cost; top-down puts all of H01 on ward days."""
    rows = {(row["member_id"], row["method"]): row for row in marts["case_method"] if row["period"] == PERIOD}
    assert {member: [m for c, m in rows if c == member] for member, _ in rows} == {
        "H01": ["bottom_up", "cost_to_charge", "top_down"],
        "H02": ["bottom_up", "cost_to_charge", "top_down"],
        "H03": ["bottom_up", "cost_to_charge", "top_down"],
        "T01": ["top_down"],
        "T02": ["cost_to_charge", "top_down"],
        "T03": ["bottom_up", "cost_to_charge", "top_down"],
        "V01": ["bottom_up", "cost_to_charge", "top_down"],
    }
    assert rows["H01", "top_down"]["inpatient_cases"] == rows["H01", "bottom_up"]["inpatient_cases"]
    assert (rows["T03", "bottom_up"]["inpatient_cases"], rows["T03", "bottom_up"]["unmatched"]) == (450, 300)
    assert (rows["T02", "top_down"]["inpatient_cases"], rows["T02", "top_down"]["unmatched"]) == (0, 600)


def test_what_an_open_stay_has_cost_so_far(marts: dict[str, Rows]) -> None:
    (stay_,) = marts["work_in_progress"]
    figures = [
        stay_[name] for name in ("period", "encounter_id", "cost_so_far", "charged_so_far", "days_so_far", "closed_in")
    ]
    assert figures == ["2026-09", "E1", 600, 20, 11, PERIOD]


def test_service_units_make_up_a_group(marts: dict[str, Rows]) -> None:
    """TC-63's E1 is group ZZ15: ward 1,600, imaging 300 …, drugs 2,000, materials 1,500."""
    units = {
        row["service_unit"]: row["total_cost"]
        for row in of(marts["drg_service_unit"], "H01")
        if row["drg_code"] == "ZZ15"
    }
    assert sum(units.values()) == 5400
    assert (units["DRUG"], units["MATERIAL"]) == (2000, 1500)


def test_open_stays_are_work_in_progress_until_they_close(marts: dict[str, Rows]) -> None:
    (september,) = of(marts["case_reconciliation"], "H03", "2026-09")
    (october,) = of(marts["case_reconciliation"], "H03")
    assert (september["closed_cases"], september["work_in_progress"]) == (300, 600)
    assert (october["closed_cases"], october["work_in_progress"]) == (600, 0)
    (case,) = of(marts["case_cost"], "H03")
    assert (case["total_cost"], case["cost_of_other_months"]) == (1200, 600)


def test_a_member_without_charges_is_costed_top_down_by_days(marts: dict[str, Rows]) -> None:
    cases = {row["encounter_id"]: row for row in of(marts["case_cost"], "T01")}
    assert {code: (row["total_cost"], row["indirect"], row["method"]) for code, row in cases.items()} == {
        "E1": (800, 240, "top_down"),
        "E2": (200, 60, "top_down"),
    }


def test_without_equivalents_cases_are_costed_by_cost_to_charge(marts: dict[str, Rows]) -> None:
    cases = of(marts["case_cost"], "T02")
    assert [(row["total_cost"], row["method"]) for row in cases] == [(150, "cost_to_charge"), (450, "cost_to_charge")]


def test_labour_goes_by_hours_of_physicians_where_they_are_delivered(marts: dict[str, Rows]) -> None:
    """S3-DRG-05."""
    cases = of(marts["case_cost"], "T02", "2026-09")
    assert [(row["labour"], row["depreciation"]) for row in cases] == [(450, 100), (150, 300)]
    (month,) = of(marts["case_reconciliation"], "T02", "2026-09")
    assert (month["closed_cases"], month["rounding"]) == (1000, 0)


def test_what_nothing_was_charged_for_is_unmatched_and_named(marts: dict[str, Rows]) -> None:
    """The lab and the drugs carry 150 that nobody was charged for; 150 went to an encounter that never came."""
    (month,) = of(marts["case_reconciliation"], "T03")
    assert (month["closed_cases"], month["unmatched"], month["difference"]) == (450, 300, 0)
    assert month["unmatched_share"] == Decimal("0.4")


def test_dispensing_goes_with_the_drugs_and_intensive_care_by_nights(marts: dict[str, Rows]) -> None:
    """Two thirds of drugs and pharmacy are E1's; one of four nights in intensive care; half of the ward."""
    cases = of(marts["case_cost"], "V01")
    assert [(row["drug"], row["labour"]) for row in cases] == [(60, 20 + 25 + 30), (30, 10 + 75 + 30)]
    (month,) = of(marts["case_reconciliation"], "V01")
    assert (month["closed_cases"], month["unmatched"]) == (280, 0)


def test_reported_costs_stand_in_only_where_no_ledger_is_delivered(marts: dict[str, Rows]) -> None:
    case = of(marts["case_cost"], "T04")[0]
    assert case["encounter_id"] == "E1"
    assert (case["total_cost"], case["method"], case["labour"]) == (1234, "reported", None)
    assert of(marts["case_cost"], "T03")[0]["total_cost"] == 450
    (missing,) = marts["not_available"]
    assert (missing["member_id"], missing["reason_code"]) == ("T04", "NO_LEDGER")


def test_the_workbook_of_a_month(marts: dict[str, Rows], dbt_session: Warehouse, tmp_path: Path) -> None:
    """One file a member: sums are formulas that hold the marts' figures, checks even, the same again is the same."""
    published = tmp_path / "consortium.duckdb"
    shutil.copy(dbt_session.database, published)
    with duckdb.connect(str(published)) as connection:
        connection.execute("create schema governance")
        connection.execute(
            "create table governance.publication as select timestamp '2026-11-01 01:30:00' as published_at"
        )
    written = {book.member_id: book for book in write_all(published, tmp_path / "once", periods=[PERIOD])}
    assert set(written) == {"H01", "H02", "H03", "T01", "T02", "T03", "V01"}
    values = openpyxl.load_workbook(written["H01"].path, data_only=True)
    formulas = openpyxl.load_workbook(written["H01"].path)
    assert values.sheetnames == ["目录", *written["H01"].sheets]
    (total,) = [row for row in values["科室直接成本表"].iter_rows(values_only=True) if row[0] == "合计"]
    assert total[-1] == pytest.approx(3_136_833.33)
    assert formulas["科室直接成本表"].cell(values["科室直接成本表"].max_row, 4).value == "=SUM(D5:D7)"
    checks = [row for row in values["目录"].iter_rows(values_only=True) if row[5] in ("平", "不平")]
    assert len(checks) == 5
    assert {row[5] for row in checks} == {"平"}
    again = write_all(published, tmp_path / "again", members=["H01"], periods=[PERIOD])
    assert again[0].path.read_bytes() == written["H01"].path.read_bytes()
    with pytest.raises(NoReport, match="no cost of T04"):
        write_all(published, tmp_path / "none", members=["T04"])
