"""The cost marts against the formulas of domain 1.5-1.10 written out naively, in fractions, on drawn hospitals.

Nothing of the project computes here: departments, pools and cases are worked out anew from what was delivered.
"""

from __future__ import annotations

import random
from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

PERIOD = "2026-10"
MEMBERS = ("H01", "H02", "H03", "T01")
ACCOUNTS = {"labour": "50010101", "consumable": "50010102", "drug": "50010103", "depreciation": "50010104"}
STEPS = {None: 0, "A1": 1, "A2": 1, "X1": 2, "X2": 2, "T1": 3, "T2": 3}
CLASSES = {"A": "admin", "X": "auxiliary", "T": "medtech", "C": "clinical"}
DEPARTMENTS = ["A1", "A2", "X1", "X2", "T1", "T2", "C1", "C2", "C3"]
SERVED = ["T1", "T2", "C1", "C2", "C3"]
EQUIVALENTS = {f"I{n}": Fraction(n, 4) for n in range(1, 9)}


class Hospital:
    """A drawn member: what it delivers, and what it should cost."""

    def __init__(self, draw: random.Random, priced: bool) -> None:
        self.heads = {d: draw.randint(1, 40) for d in DEPARTMENTS}
        self.area = {d: draw.randint(10, 900) for d in DEPARTMENTS}
        self.cost = {
            (d, e): draw.randint(1, 10**7)
            for d in STEPS.keys() | set(DEPARTMENTS)
            for e in ACCOUNTS
            if d is None or e in ("labour", "depreciation") or d in SERVED
        }
        self.projects = {(d, "labour"): draw.randint(0, 10**6) for d in STEPS.keys() | set(DEPARTMENTS)}
        self.charges = [self._charge(draw, n, priced) for n in range(400)]

    def _charge(self, draw: random.Random, n: int, priced: bool) -> dict[str, Any]:
        kind = draw.choice(["drug", "consumable", "treatment", "lab", "treatment", "lab"])
        item = {"drug": "MED", "consumable": "MAT"}.get(kind) or (draw.choice(list(EQUIVALENTS)) if priced else "NEW")
        return {
            "charge_id": f"L{n}",
            "encounter_id": f"E{draw.randint(1, 40)}",
            "charged_at": f"{PERIOD}-05T08:00:00",
            "item_code": item,
            "charge_class": kind,
            "quantity": draw.randint(1, 9),
            "amount": Fraction(draw.randint(1, 90_000), 100),
            "ordering_dept": draw.choice(SERVED[2:]),
            "executing_dept": draw.choice(SERVED),
        }

    def departments(self, cost: Any = None) -> tuple[dict[tuple[str, str], Fraction], dict[str, Fraction]]:
        """Fen held after level 2 per served department and element, and full cost of the clinical ones."""
        held: dict[tuple[str | None, str], Fraction] = defaultdict(Fraction)
        for key, fen in (self.cost if cost is None else cost).items():
            held[key] += fen
        executed = self._revenue("executing_dept")
        after_2: dict[tuple[str, str], Fraction] = {}
        for sender, step in STEPS.items():
            receivers = [d for d in DEPARTMENTS if STEPS.get(d, 9) > step]
            driver: dict[str, Any] = {0: self.area, 1: self.heads, 2: executed}.get(step) or self._ordered_of(sender)
            whole = sum(driver.get(d, 0) for d in receivers)
            if step == 3 and not after_2:
                after_2 = {(d, e): held[d, e] for d in SERVED for e in ACCOUNTS}
            for element in ACCOUNTS:
                for receiver in receivers:
                    held[receiver, element] += held[sender, element] * driver.get(receiver, 0) / whole
        return after_2, {d: sum((held[d, e] for e in ACCOUNTS), Fraction(0)) for d in ("C1", "C2", "C3")}

    def _revenue(self, column: str) -> dict[str, Fraction]:
        revenue: dict[str, Fraction] = defaultdict(Fraction)
        for charge in self.charges:
            revenue[charge[column]] += charge["amount"]
        return revenue

    def _ordered_of(self, sender: str | None) -> dict[str, Fraction]:
        revenue: dict[str, Fraction] = defaultdict(Fraction)
        for charge in self.charges:
            if charge["executing_dept"] == sender:
                revenue[charge["ordering_dept"]] += charge["amount"]
        return revenue

    def cases(self) -> dict[str, Fraction]:
        """Fen per encounter: services by weight, drugs and charged consumables by their charges."""
        after_2, _ = self.departments()
        material = {d: self._material(d) for d in SERVED}
        charged = {d: min(Fraction(self.cost[d, "consumable"]), material[d] * 100) for d in SERVED}
        rest = {d: self.cost[d, "consumable"] - charged[d] for d in SERVED}
        spare = min(sum(rest.values()), sum(material.values()) * 100 - sum(charged.values()))
        taken = {d: charged[d] + (rest[d] * spare / sum(rest.values()) if any(rest.values()) else 0) for d in SERVED}
        pools: dict[str, Fraction] = {
            d: sum((after_2[d, e] for e in ACCOUNTS), Fraction(0)) - self.cost[d, "drug"] - taken[d] for d in SERVED
        }
        pools["DRUG"] = Fraction(sum(self.cost[d, "drug"] for d in SERVED))
        pools["MATERIAL"] = sum(taken.values(), Fraction(0))
        weights: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        for charge in self.charges:
            pool = {"drug": "DRUG", "consumable": "MATERIAL"}.get(charge["charge_class"], charge["executing_dept"])
            weight = charge["quantity"] * EQUIVALENTS.get(charge["item_code"], Fraction(0)) or charge["amount"]
            weights[charge["encounter_id"], pool] += weight
        whole: dict[str, Fraction] = defaultdict(Fraction)
        for (_, pool), weight in weights.items():
            whole[pool] += weight
        cost: dict[str, Fraction] = defaultdict(Fraction)
        for (encounter, pool), weight in weights.items():
            cost[encounter] += pools[pool] * weight / whole[pool]
        return cost

    def _material(self, dept: str) -> Fraction:
        mine = [c["amount"] for c in self.charges if c["executing_dept"] == dept and c["charge_class"] == "consumable"]
        return sum(mine, Fraction(0))


def deliver(warehouse: Warehouse, member: str, hospital: Hospital) -> None:
    rows = [
        {"dept_code": d, "dept_name": d, "dept_class": CLASSES[d[0]]}
        | {"headcount": hospital.heads[d], "floor_area_m2": hospital.area[d]}
        for d in DEPARTMENTS
    ]
    warehouse.deliver("departments", member, PERIOD, rows)
    spent = [(key, fen, "own") for key, fen in sorted(hospital.cost.items(), key=repr)]
    spent += [(key, fen, "fiscal_project") for key, fen in sorted(hospital.projects.items(), key=repr)]
    lines = [
        {"voucher_no": "V1", "line_no": n, "dept_code": d, "account_code": ACCOUNTS[e], "debit": f"{fen / 100:.2f}"}
        | {"fund_source": fund}
        for n, ((d, e), fen, fund) in enumerate(spent, start=1)
    ]
    total = f"{sum(fen for _, fen, _ in spent) / 100:.2f}"
    bank = {"voucher_no": "V1", "line_no": 0, "account_code": "1002", "credit": total}
    warehouse.deliver("gl_entries", member, PERIOD, [bank, *lines])
    charges = [charge | {"amount": f"{float(charge['amount']):.2f}"} for charge in hospital.charges]
    warehouse.deliver("charge_lines", member, PERIOD, charges)
    visit = {"encounter_type": "outpatient", "dept_code": "C1", "started_at": f"{PERIOD}-05T08:00:00"}
    warehouse.deliver("encounters", member, PERIOD, [visit | {"encounter_id": f"E{n}"} for n in range(1, 41)])


@pytest.fixture(scope="module")
def drawn(dbt_session: Warehouse) -> tuple[dict[str, Hospital], dict[str, list[dict[str, Any]]]]:
    """Two hospitals with equivalents (bottom-up), two without (cost-to-charge), and their marts."""
    warehouse = dbt_session
    warehouse.reset()
    chart = [
        {"vendor_or_member": m, "local_account_pattern": code, "account_code": code, "valid_from": "2025-01-01"}
        for m in MEMBERS
        for code in (*ACCOUNTS.values(), "1002")
    ]
    warehouse.refer("account_map", chart)
    plain = {"charge_class": "treatment", "valid_from": "2025-01-01"}
    prices = [plain | {"item_code": i, "item_name": i, "equivalent": f"{float(e):.4f}"} for i, e in EQUIVALENTS.items()]
    warehouse.refer("items", prices)
    steps = [(0, "common", "floor_area"), (1, "admin", "headcount")]
    steps += [(2, "auxiliary", "executed_revenue"), (3, "medtech", "ordered_revenue")]
    every = {"member_id": "*", "from_dept": "*", "valid_from": "2025-01-01"}
    rules = [every | {"step": step, "from_dept_class": kind, "driver": driver} for step, kind, driver in steps]
    warehouse.refer("allocation_drivers", rules)
    draw = random.Random(20261031)
    hospitals = {member: Hospital(draw, priced=n % 2 == 0) for n, member in enumerate(MEMBERS)}
    for member, hospital in hospitals.items():
        deliver(warehouse, member, hospital)
    warehouse.build("+cost__department_cost", "+cost__scope_cost", "+cost__case_cost", "+ledger__unmapped_account")
    marts = ("department_cost", "case_cost", "scope_cost")
    return hospitals, {name: warehouse.rows(f"from cost.{name} order by all") for name in marts}


@pytest.mark.parametrize("member", MEMBERS)
def test_full_costs_are_the_formulas_to_the_fen(member: str, drawn: Any) -> None:
    hospitals, marts = drawn
    _, expected = hospitals[member].departments()
    full: dict[str, Fraction] = defaultdict(Fraction)
    for row in marts["department_cost"]:
        if row["member_id"] == member and row["dept_class"] == "clinical":
            full[row["dept_code"]] += Fraction(row["full_amount"]) * 100
    for dept, fen in expected.items():
        assert abs(full[dept] - fen) < len(ACCOUNTS)
    assert sum(full.values()) == sum(hospitals[member].cost.values())


@pytest.mark.parametrize("member", MEMBERS)
def test_case_costs_are_the_formulas_within_the_rounding_of_their_parts(member: str, drawn: Any) -> None:
    """Seven pools, up to six parts each, every part rounded once; the department's fen may differ by one."""
    hospitals, marts = drawn
    expected = hospitals[member].cases()
    cases = {r["encounter_id"]: Fraction(r["total_cost"]) * 100 for r in marts["case_cost"] if r["member_id"] == member}
    assert cases.keys() == expected.keys()
    for encounter, fen in expected.items():
        assert abs(cases[encounter] - fen) <= Fraction(7 * 6, 2)
    methods = {row["method"] for row in marts["case_cost"] if row["member_id"] == member}
    assert methods == {"bottom_up" if member in MEMBERS[::2] else "cost_to_charge"}


@pytest.mark.parametrize("member", MEMBERS)
def test_projects_are_stepped_down_beside_medical_cost(member: str, drawn: Any) -> None:
    """医疗全成本 - 医疗成本 of a clinical department is what the step-down of the projects alone brings it."""
    hospitals, marts = drawn
    _, expected = hospitals[member].departments(hospitals[member].projects)
    added: dict[str, Fraction] = defaultdict(Fraction)
    for row in marts["scope_cost"]:
        if row["member_id"] == member and row["cost_scope"] in ("medical", "medical_full"):
            sign = 1 if row["cost_scope"] == "medical_full" else -1
            added[row["dept_code"]] += sign * Fraction(row["full_amount"]) * 100
    for dept, fen in expected.items():
        assert abs(added[dept] - fen) < 1
    assert sum(added[d] for d in expected) == sum(hospitals[member].projects.values())
