"""Persons, departments and payroll of a member.

Belongs here: who works where and what they are paid. The month's pay adds up to the labour cost given, to the fen.
Not here: booking it (ledger).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.demo import places
from pipelines.demo.care import doctor_ids
from pipelines.demo.sizes import Member, largest_remainder
from pipelines.demo.world import World

MONTHLY_PAY = {"tertiary": 980_000, "secondary": 900_000, "primary": 780_000, "village": 520_000}
"""Usual pay of a full-time person and month, in fen, employer's contributions included."""

PAY_MIX = {
    "hospital": (0.44, 0.52, 0.0, 0.0, 0.04),
    "primary": (0.46, 0.33, 0.11, 0.07, 0.03),
    "unreformed": (0.70, 0.26, 0.02, 0.01, 0.01),
}
"""Base, performance, contract, chronic, other (S4-PERF-02; 70/30 before reform, S4-CASE-03)."""


@dataclass(frozen=True)
class Person:
    """One person on the payroll."""

    person_id: str
    dept: int
    role: str
    weight: float


def roster(world: World, member: Member, labour: int) -> list[Person]:
    """Persons that a month's labour cost (fen) can pay; doctors who see patients are always among them."""
    rows = places.places(member)
    seers = doctor_ids(world, member)
    primary = member.level in ("primary", "village")
    people: list[Person] = []
    for index, ids in enumerate(seers):
        role = "gp" if primary and rows[index].setting != "home" else "health_manager" if primary else "doctor"
        people += [Person(i, index, role, 1.5 if role == "doctor" else 1.25) for i in ids]
    least = [0 if seers[i] else 1 for i in range(len(rows))]
    total = max(round(labour / MONTHLY_PAY[member.level]), len(people) + sum(least))
    extra = largest_remainder(total - len(people) - sum(least), [p.heads for p in rows])
    for index, place in enumerate(rows):
        role = {"medtech": "technician", "auxiliary": "other", "admin": "admin"}.get(place.dept_class, "nurse")
        role = "pharmacist" if place.code.startswith("2S99") else role
        role = "health_manager" if place.code.startswith("1P") else role
        for k in range(extra[index] + least[index]):
            people.append(Person(f"{member.member_id}-{index:02d}S{k + 1:03d}", index, role, 1.0))
    office = next((i for i, p in enumerate(rows) if p.code in ("3S000004", "4N000003", "4N000002")), None)
    if office is not None and not primary:
        for k in range(max(1, -(-sum(len(s) for s in seers) // 34))):
            people.append(Person(f"{member.member_id}-C{k + 1:03d}", office, "coder", 0.95))
    return people


def payroll(member: Member, people: list[Person], labour: int) -> pl.DataFrame:
    """The `payroll` extract: amounts in fen, in all exactly `labour`."""
    mix = PAY_MIX["hospital"]
    if member.level in ("primary", "village"):
        mix = PAY_MIX["unreformed" if member.member_id == "T04" else "primary"]
    fte = np.array([1.0] * len(people))
    usual = labour / (MONTHLY_PAY[member.level] * len(people))
    if usual < 0.9:  # a small place: many work part-time
        fte[:] = max(round(usual, 1), 0.2)
    totals = largest_remainder(labour, [p.weight * f for p, f in zip(people, fte, strict=True)])
    parts = [largest_remainder(t, mix) for t in totals]
    return pl.DataFrame(
        {
            "person_id": [p.person_id for p in people],
            "dept_code": [places.places(member)[p.dept].code for p in people],
            "role": [p.role for p in people],
            "fte": fte,
            "base_pay": [p[0] for p in parts],
            "performance_pay": [p[1] for p in parts],
            "contract_service_pay": [p[2] for p in parts],
            "chronic_care_pay": [p[3] for p in parts],
            "other_pay": [p[4] for p in parts],
        }
    )


def labour_by_dept(member: Member, pay: pl.DataFrame) -> list[tuple[int, int]]:
    """Base pay and the rest of each department, in fen."""
    rest = ["performance_pay", "contract_service_pay", "chronic_care_pay", "other_pay"]
    sums = pay.group_by("dept_code").agg(pl.col("base_pay").sum(), pl.sum_horizontal(pl.col(rest).sum()).alias("rest"))
    by_code = {code: (base, other) for code, base, other in sums.iter_rows()}
    return [by_code.get(p.code, (0, 0)) for p in places.places(member)]


def beds_open(member: Member, census: pl.DataFrame) -> dict[tuple[str, str], int]:
    """Open beds by department and tier, from the usual number of patients at night."""
    goal = {"tertiary": 0.92, "general": 0.80, "specialist": 0.78, "township": 0.58, "village": 1.0}[member.persona]
    usual = census.group_by("dept_code", "bed_tier", maintain_order=True).agg(pl.col("beds_occupied").mean())
    out = {}
    for dept, tier, mean in usual.iter_rows():
        share = 0.62 if tier == "rehab" and member.level == "secondary" else 0.90 if tier == "rehab" else goal
        out[dept, tier] = max(1, round(mean / share))
    return out


def departments(member: Member, people: list[Person], open_beds: dict[tuple[str, str], int]) -> pl.DataFrame:
    """The `departments` extract; a total-only member delivers none."""
    rows = places.places(member)
    heads = [sum(1 for p in people if p.dept == i) for i in range(len(rows))]
    area = {"tertiary": 42_000, "general": 16_000, "specialist": 11_000, "township": 3_200, "village": 120}
    return pl.DataFrame(
        {
            "dept_code": [p.code for p in rows],
            "dept_name": [p.name for p in rows],
            "dept_class": [p.dept_class for p in rows],
            "is_key_discipline": [p.is_key for p in rows],
            "headcount": heads,
            "floor_area_m2": [round(p.area * area[member.persona]) for p in rows],
            "beds_open": [sum(n for (d, _), n in open_beds.items() if d == p.code) for p in rows],
        }
    )
