"""Department cost, trace and scopes, told on a small hospital."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

PERIOD = "2026-10"
ELEMENT_ACCOUNT = {"P": "5001010101", "M": "50010102", "O": "5101010799"}
HEADS = {"A1": 10, "A2": 20, "X1": 8, "X2": 12, "T1": 15, "T2": 20, "C1": 25, "C2": 40, "C3": 50}
KINDS = {"A": "admin", "X": "auxiliary", "T": "medtech", "C": "clinical"}
YUAN = {
    "A1": (120_000, 0, 80_000),
    "A2": (160_000, 20_000, 120_000),
    "X1": (64_000, 40_000, 16_000),
    "X2": (84_000, 2_000, 14_000),
    "T1": (180_000, 90_000, 30_000),
    "T2": (260_000, 60_000, 80_000),
    "C1": (300_000, 10_000, 40_000),
    "C2": (480_000, 70_000, 60_000),
    "C3": (620_000, 150_000, 80_000),
}
WORKLOAD = {
    "X1": {"T1": 50, "T2": 10, "C1": 40, "C2": 100, "C3": 300},
    "X2": {"C1": 9_000, "C2": 300, "C3": 400},
}
ORDERED = {
    "T1": {"C1": 200_000, "C2": 350_000, "C3": 250_000},
    "T2": {"C1": 300_000, "C2": 200_000, "C3": 500_000},
}
DRIVERS = [
    {"step": 0, "from_dept_class": "common", "driver": "floor_area", "fallback_driver": "headcount"},
    {"step": 1, "from_dept_class": "admin", "driver": "headcount"},
    {"step": 2, "from_dept_class": "auxiliary", "driver": "workload:pack"},
    {"step": 2, "from_dept_class": "auxiliary", "from_dept": "X2", "driver": "workload:registration"},
    {"step": 3, "from_dept_class": "medtech", "driver": "ordered_revenue"},
]


def expense(dept: str | None, account: str, amount: Any, fund: str = "own") -> dict[str, Any]:
    return {"dept_code": dept, "account_code": account, "debit": amount, "fund_source": fund}


def deliver_ledger(warehouse: Warehouse, member: str, lines: list[dict[str, Any]]) -> None:
    numbered = [{"voucher_no": "V1", "line_no": n, **line} for n, line in enumerate(lines, start=1)]
    total = sum(Decimal(line["debit"]) for line in lines)
    bank = {"voucher_no": "V1", "line_no": 0, "account_code": "1002", "credit": total}
    warehouse.deliver("gl_entries", member, PERIOD, [bank, *numbered])


def golden_hospital(warehouse: Warehouse) -> None:
    """Domain 1.6.1 as a member would deliver it."""
    departments = [
        {"dept_code": code, "dept_name": code, "dept_class": KINDS[code[0]], "headcount": heads, "floor_area_m2": 100}
        for code, heads in HEADS.items()
    ]
    warehouse.deliver("departments", "H01", PERIOD, departments)
    accounts = list(ELEMENT_ACCOUNT.values())
    deliver_ledger(
        warehouse,
        "H01",
        [expense(d, a, y) for d, row in YUAN.items() for a, y in zip(accounts, row, strict=True) if y],
    )
    kinds = {"X1": "pack", "X2": "registration"}
    warehouse.deliver(
        "workload",
        "H01",
        PERIOD,
        [
            {"sender_dept": s, "receiver_dept": r, "workload_kind": kinds[s], "quantity": q}
            for s, row in WORKLOAD.items()
            for r, q in row.items()
        ],
    )
    lines = [
        {"charge_id": f"{s}{r}", "encounter_id": "E", "charged_at": f"{PERIOD}-05T08:00:00", "charge_class": "lab"}
        | {"item_code": "LAB001", "quantity": 1, "unit_price": q, "amount": q, "ordering_dept": r, "executing_dept": s}
        for s, row in ORDERED.items()
        for r, q in row.items()
    ]
    warehouse.deliver("charge_lines", "H01", PERIOD, lines)
    common = {"member_id": "*", "from_dept": "*", "valid_from": "2025-01-01"}
    warehouse.refer("allocation_drivers", [common | rule for rule in DRIVERS])


def test_golden_stepdown_to_the_fen(warehouse: Warehouse) -> None:
    golden_hospital(warehouse)
    warehouse.build("+cost__department_cost", "+cost__allocation_trace")
    full = {
        (row["dept_code"], row["cost_element"]): row["full_amount"]
        for row in warehouse.rows("from cost.department_cost where dept_class = 'clinical'")
    }
    assert full == {
        ("C1", "labour"): Decimal("585078.41"),
        ("C1", "consumable"): Decimal("62298.26"),
        ("C1", "other"): Decimal("141291.60"),
        ("C2", "labour"): Decimal("716359.10"),
        ("C2", "consumable"): Decimal("137572.22"),
        ("C2", "other"): Decimal("155775.68"),
        ("C3", "labour"): Decimal("966562.49"),
        ("C3", "consumable"): Decimal("242129.52"),
        ("C3", "other"): Decimal("222932.72"),
    }
    assert warehouse.one("select sum(direct_amount) from cost.department_cost") == 3_230_000
    sender = warehouse.rows("select driver, sum(amount) as amount from cost.allocation_trace where from_dept = 'X2' group by 1")
    assert sender == [{"driver": "workload:registration", "amount": Decimal("135294.12")}]
