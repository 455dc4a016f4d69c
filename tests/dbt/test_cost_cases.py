"""What a case costs, and that nothing of the month's cost gets lost between departments and cases."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

PERIOD = "2026-10"
ACCOUNTS = {"labour": "5001010101", "consumable": "50010102", "drug": "50010103", "depreciation": "50010104"}
MARTS = ["+cost__case_cost", "+cost__case_reconciliation", "+cost__drg_cost", "+cost__item_cost"]


def yuan(value: str) -> Decimal:
    return Decimal(value)


def ledger(warehouse: Warehouse, member: str, costs: dict[tuple[str | None, str], Any], period: str = PERIOD) -> None:
    lines = [
        {"voucher_no": "V1", "line_no": n, "dept_code": dept, "account_code": ACCOUNTS[element], "debit": amount}
        for n, ((dept, element), amount) in enumerate(costs.items(), start=1)
    ]
    bank = {"voucher_no": "V1", "line_no": 0, "account_code": "1002", "credit": sum(Decimal(x) for x in costs.values())}
    warehouse.deliver("gl_entries", member, period, [bank, *lines])


def departments(warehouse: Warehouse, member: str, period: str = PERIOD, **classes: tuple[str, int]) -> None:
    rows = [
        {"dept_code": code, "dept_name": code, "dept_class": kind, "headcount": heads, "floor_area_m2": 1}
        for code, (kind, heads) in classes.items()
    ]
    warehouse.deliver("departments", member, period, rows)


def charge(number: int, encounter: str, item: str, kind: str, quantity: Any, amount: Any, by: str, **more: Any) -> Any:
    return {
        "charge_id": f"L{number}",
        "encounter_id": encounter,
        "charged_at": f"{PERIOD}-05T08:00:00",
        "item_code": item,
        "charge_class": kind,
        "quantity": quantity,
        "amount": amount,
        "ordering_dept": "WARD",
        "executing_dept": by,
    } | more


def stay(encounter: str, start: str = f"{PERIOD}-03", end: str | None = f"{PERIOD}-08", **more: Any) -> dict[str, Any]:
    return {
        "encounter_id": encounter,
        "encounter_type": "inpatient",
        "dept_code": "WARD",
        "started_at": f"{start}T09:00:00",
        "ended_at": None if end is None else f"{end}T10:00:00",
    } | more


def price_list(warehouse: Warehouse, **equivalents: str) -> None:
    warehouse.refer(
        "items",
        [
            {"item_code": code, "item_name": code, "charge_class": "treatment", "equivalent": e, "valid_from": "2025-01-01"}
            for code, e in equivalents.items()
        ],
    )


def grouped(warehouse: Warehouse, weights: dict[str, str]) -> None:
    row = {"mdc": "Z", "adrg": "ZZ1", "partition": "medical", "risk_grade": 1, "valid_from": "2025-01-01"}
    warehouse.refer("drg", [row | {"drg_code": c, "drg_name": c, "weight": w} for c, w in weights.items()])


def settled(warehouse: Warehouse, member: str, **drg_of: str) -> None:
    rows = [{"settlement_id": e, "encounter_id": e, "drg_code": drg, "total_charge": 1} for e, drg in drg_of.items()]
    warehouse.deliver("settlements", member, PERIOD, rows)


def test_tc_63_direct_indirect_and_risk_cost_of_a_case(warehouse: Warehouse) -> None:
    """Drugs 2,000, consumables 1,500, 6 of 500 hours of 100,000 labour, 2 of 20,000 exams of 3,000,000, management 400."""
    departments(warehouse, "H02", OFFICE=("admin", 1), WARD=("clinical", 9), IMAGING=("medtech", 0))
    ledger(
        warehouse,
        "H02",
        {
            ("OFFICE", "labour"): "33333.33",
            ("WARD", "labour"): "100000",
            ("WARD", "drug"): "2000",
            ("WARD", "consumable"): "1500",
            ("IMAGING", "depreciation"): "3000000",
        },
    )
    price_list(warehouse, CARE="1", SCAN="1")
    warehouse.deliver("encounters", "H02", PERIOD, [stay("E1"), stay("E2")])
    warehouse.deliver(
        "charge_lines",
        "H02",
        PERIOD,
        [
            charge(1, "E1", "DRUG1", "drug", 1, 2000, "WARD"),
            charge(2, "E1", "MAT1", "consumable", 1, 1500, "WARD"),
            charge(3, "E1", "CARE", "treatment", 6, 600, "WARD"),
            charge(4, "E1", "SCAN", "exam", 2, 400, "IMAGING"),
            charge(5, "E2", "CARE", "treatment", 494, 49400, "WARD"),
            charge(6, "E2", "SCAN", "exam", 19998, 3999600, "IMAGING"),
        ],
    )
    # the region's cost per unit of weight comes to 6,000.00: 3,136,833.33 / (1.2 + 521.6056)
    grouped(warehouse, {"ZZ15": "1.2", "ZZ11": "521.6056"})
    settled(warehouse, "H02", E1="ZZ15", E2="ZZ11")
    warehouse.build(*MARTS)
    (case,) = warehouse.rows("from cost.case_cost where encounter_id = 'E1'")
    parts = [case[part] for part in ("drug", "consumable", "labour", "depreciation", "indirect", "risk")]
    assert parts == [2000, 1500, 1200, 300, 400, 720]
    assert case["total_cost"] + case["risk"] == 6120
    assert (case["method"], case["los_days"]) == ("bottom_up", 5)
    (month,) = warehouse.rows("from cost.case_reconciliation")
    assert month["department_cost"] == month["closed_cases"] + month["rounding"]
    assert (month["difference"], month["item_coverage"]) == (0, 1)


def test_item_costs_by_equivalents_use_up_the_department(warehouse: Warehouse) -> None:
    """Domain 1.9: base 304,470.60 over 2,600 equivalents is 117.1041 each; items 117.10, 292.76, 702.62."""
    departments(warehouse, "H02", LAB=("medtech", 1), WARD=("clinical", 1))
    ledger(warehouse, "H02", {("LAB", "labour"): "304470.60"})
    price_list(warehouse, A="1.0", B="2.5", C="6.0")
    warehouse.deliver("encounters", "H02", PERIOD, [stay("E1")])
    lines = [("A", 1000, 100_000), ("B", 400, 120_000), ("C", 100, 70_000)]
    warehouse.deliver(
        "charge_lines",
        "H02",
        PERIOD,
        [charge(n, "E1", item, "lab", q, amount, "LAB") for n, (item, q, amount) in enumerate(lines)],
    )
    warehouse.build(*MARTS)
    items = warehouse.rows("from cost.item_cost order by item_code")
    assert [row["unit_cost"] for row in items] == [yuan("117.1041"), yuan("292.7602"), yuan("702.6245")]
    assert sum(row["total_cost"] for row in items) == yuan("304470.60")
    assert [row["margin"] for row in items] == [row["revenue"] - row["total_cost"] for row in items]


def test_open_stays_are_work_in_progress_until_they_close(warehouse: Warehouse) -> None:
    for period, cost in (("2026-09", "900"), (PERIOD, "600")):
        departments(warehouse, "H02", period, WARD=("clinical", 1))
        ledger(warehouse, "H02", {("WARD", "labour"): cost}, period)
    price_list(warehouse, CARE="1")
    warehouse.deliver("encounters", "H02", "2026-09", [stay("E1", "2026-09-20", None), stay("E2", "2026-09-20", "2026-09-25")])
    warehouse.deliver("encounters", "H02", PERIOD, [stay("E1", "2026-09-20")])
    before = {"charged_at": "2026-09-22T08:00:00"}
    warehouse.deliver(
        "charge_lines",
        "H02",
        "2026-09",
        [charge(1, "E1", "CARE", "treatment", 2, 20, "WARD") | before, charge(2, "E2", "CARE", "treatment", 1, 10, "WARD") | before],
    )
    warehouse.deliver("charge_lines", "H02", PERIOD, [charge(3, "E1", "CARE", "treatment", 1, 10, "WARD")])
    warehouse.build(*MARTS)
    months = {row["period"]: row for row in warehouse.rows("from cost.case_reconciliation")}
    assert (months["2026-09"]["closed_cases"], months["2026-09"]["work_in_progress"]) == (300, 600)
    assert (months[PERIOD]["closed_cases"], months[PERIOD]["work_in_progress"]) == (600, 0)
    (case,) = warehouse.rows(f"from cost.case_cost where period = '{PERIOD}'")
    assert (case["total_cost"], case["cost_of_other_months"]) == (1200, 600)


def test_a_member_without_charges_is_costed_top_down_by_days(warehouse: Warehouse) -> None:
    departments(warehouse, "T02", LAB=("medtech", 1), WARD=("clinical", 1))
    ledger(warehouse, "T02", {("WARD", "labour"): "700", ("LAB", "labour"): "300"})
    warehouse.deliver("encounters", "T02", PERIOD, [stay("E1", end=f"{PERIOD}-11"), stay("E2", end=f"{PERIOD}-05")])
    warehouse.build(*MARTS)
    cases = {row["encounter_id"]: row for row in warehouse.rows("from cost.case_cost")}
    assert {code: (row["total_cost"], row["indirect"], row["method"]) for code, row in cases.items()} == {
        "E1": (800, 240, "top_down"),
        "E2": (200, 60, "top_down"),
    }


def test_without_equivalents_cases_are_costed_by_cost_to_charge(warehouse: Warehouse) -> None:
    departments(warehouse, "T02", WARD=("clinical", 1))
    ledger(warehouse, "T02", {("WARD", "labour"): "600"})
    price_list(warehouse, OTHER="1")
    warehouse.deliver("encounters", "T02", PERIOD, [stay("E1"), stay("E2")])
    warehouse.deliver(
        "charge_lines",
        "T02",
        PERIOD,
        [charge(1, "E1", "CARE", "treatment", 1, 100, "WARD"), charge(2, "E2", "CARE", "treatment", 9, 300, "WARD")],
    )
    warehouse.build(*MARTS)
    assert warehouse.rows("select encounter_id, total_cost, method from cost.case_cost order by 1") == [
        {"encounter_id": "E1", "total_cost": 150, "method": "cost_to_charge"},
        {"encounter_id": "E2", "total_cost": 450, "method": "cost_to_charge"},
    ]


def test_what_nothing_was_charged_for_is_unmatched_and_named(warehouse: Warehouse) -> None:
    departments(warehouse, "H02", LAB=("medtech", 1), WARD=("clinical", 1))
    ledger(warehouse, "H02", {("WARD", "labour"): "600", ("LAB", "labour"): "100", ("WARD", "drug"): "50"})
    price_list(warehouse, CARE="1")
    warehouse.deliver("encounters", "H02", PERIOD, [stay("E1")])
    lines = [charge(1, "E1", "CARE", "treatment", 3, 100, "WARD"), charge(2, "GONE", "CARE", "treatment", 1, 30, "WARD")]
    warehouse.deliver("charge_lines", "H02", PERIOD, lines)
    warehouse.build(*MARTS)
    (month,) = warehouse.rows("from cost.case_reconciliation")
    assert (month["closed_cases"], month["unmatched"], month["difference"]) == (450, 300, 0)
    assert month["unmatched_share"] == yuan("0.4")


def test_reported_costs_stand_in_only_where_no_ledger_is_delivered(warehouse: Warehouse) -> None:
    warehouse.deliver("encounters", "H03", PERIOD, [stay("E1", reported_cost=1234), stay("E2")])
    departments(warehouse, "H02", WARD=("clinical", 1))
    ledger(warehouse, "H02", {("WARD", "labour"): "600"})
    warehouse.deliver("encounters", "H02", PERIOD, [stay("E1", reported_cost=9999)])
    warehouse.build(*MARTS, "+cost__not_available")
    assert warehouse.rows("select member_id, total_cost, method, labour from cost.case_cost order by 1") == [
        {"member_id": "H02", "total_cost": 600, "method": "top_down", "labour": 600},
        {"member_id": "H03", "total_cost": 1234, "method": "reported", "labour": None},
    ]
    (missing,) = warehouse.rows("from cost.not_available")
    assert (missing["member_id"], missing["reason_code"]) == ("H03", "NO_LEDGER")


def cases_of(warehouse: Warehouse, member: str, drg: str, costs: list[tuple[int, int]], material: str = "0") -> None:
    """Stays of a group at reported costs: (cost, nights)."""
    rows = [
        stay(f"{member}{n}", f"{PERIOD}-01", f"{PERIOD}-{1 + nights:02d}", reported_cost=cost)
        for n, (cost, nights) in enumerate(costs)
    ]
    warehouse.deliver("encounters", member, PERIOD, rows)
    settled(warehouse, member, **{row["encounter_id"]: drg for row in rows})


def test_tc_28_standard_against_cost(warehouse: Warehouse) -> None:
    cases_of(warehouse, "H02", "E11", [(5000, 7)])
    cases_of(warehouse, "H03", "E11", [(8000, 10)])
    warehouse.build(*MARTS)
    groups = {row["member_id"]: row for row in warehouse.rows("from cost.drg_cost")}
    assert {m: (g["payment_standard"], g["margin_per_case"], g["mean_los"]) for m, g in groups.items()} == {
        "H02": (5000, 0, 7),
        "H03": (5000, -3000, 10),
    }
    assert {g["peer_best_cost"] for g in groups.values()} == {5000}


def test_tc_29_gap_to_the_region(warehouse: Warehouse) -> None:
    """F19: 12,000 here, 9,000 in the region."""
    cases_of(warehouse, "H01", "F19", [(12000, 7)])
    cases_of(warehouse, "H02", "F19", [(8000, 7), (7000, 7)])
    warehouse.build(*MARTS)
    (group,) = warehouse.rows("from cost.drg_cost where member_id = 'H01'")
    assert (group["region_mean_cost"], group["cost_ratio_to_region"]) == (9000, yuan("1.333333"))


def test_tc_30_over_standard_watch_and_normal(warehouse: Warehouse) -> None:
    """Standard 5,000: +10 % alerts, +8 % is near, +7.9 % is neither; a stay beyond 1.2 x median is watched."""
    for member, cost in {"H01": 5500, "H02": 5400, "H03": 5395}.items():
        cases_of(warehouse, member, "E11", [(cost, 5)])
    cases_of(warehouse, "T01", "E11", [(4000, 7)])
    cases_of(warehouse, "T02", "E11", [(4000, 6)])
    warehouse.build(*MARTS)
    status = {row["member_id"]: row["status"] for row in warehouse.rows("from cost.drg_cost")}
    assert status == {"H01": "over_standard", "H02": "watch", "H03": "normal", "T01": "watch", "T02": "normal"}


def test_tc_54_pathway_ceiling(warehouse: Warehouse) -> None:
    """Standard 3,200, ceiling 2,800: at 2,800 a surplus of 400; at 2,900 the ceiling is broken though 300 remain."""
    cases_of(warehouse, "H01", "K35", [(2800, 5)])
    cases_of(warehouse, "H02", "K35", [(2900, 5)])
    warehouse.build(*MARTS)
    groups = warehouse.rows("select margin_per_case, is_over_ceiling from cost.drg_cost order by member_id")
    assert groups == [
        {"margin_per_case": 400, "is_over_ceiling": False},
        {"margin_per_case": 300, "is_over_ceiling": True},
    ]


def test_means_are_exact_and_half_up(warehouse: Warehouse) -> None:
    cases_of(warehouse, "H02", "E11", [("0.01", 1), ("0.02", 1)])
    warehouse.build(*MARTS)
    assert warehouse.one("select mean_cost from cost.drg_cost") == yuan("0.02")
