"""Planted stays that break no rule and still look unlike their peers: what a model of normal care finds (S2-RISK-49).

Belongs here: how such a stay is made, and how many. Does not belong here: rule violations (violations), finding them.
Each keeps every rule of the price list, so that nothing but the comparison with its peers gives it away; the last kind
keeps even its bill.
"""

from __future__ import annotations

import polars as pl

from pipelines.demo.planting import Planter, Sheet, medical, stays_of

ANOMALY = "ANOMALY"
"""The rule code of these labels: they stand in `_labels/anomalies.csv`, apart from violations."""

MANY = {"tertiary": 6, "general": 3, "specialist": 2, "township": 1}
"""Stays of each kind of member and month, before the repetition of larger sizes."""

DAILY_LABS = ("LAB020", "LAB021", "LAB025")
DRESSINGS = ("CON003", "CON004")


def plant(sheet: Sheet, times: int) -> None:
    """Make some untouched medical stays odd, and label them.

    Args:
        sheet: the member's month, its violations planted already.
        times: how often, as the size of the county asks.
    """
    kinds = (_daily_labs, _dressings, _labs_for_drugs)
    planter = sheet.planter
    fit = stays_of(5, 12) & medical(planter)
    for n, case in enumerate(planter.take(fit, MANY.get(planter.care.member.persona, 0) * times)):
        note = kinds[n % len(kinds)](planter, case)
        sheet.say(ANOMALY, case, True, note)


def _daily_labs(p: Planter, case: int) -> str:
    """The same dear laboratory tests every day, three times a day."""
    for day in range(1, p.number(case, "los")):
        for n, code in enumerate(DAILY_LABS):
            p.add(case, code, p.day_of(case, day) + 480 + 60 * n, 3)
    return "laboratory tests three times a day, every day"


def _dressings(p: Planter, case: int) -> str:
    """Dressings and cannulas by the dozen."""
    for day in range(1, p.number(case, "los")):
        for n, code in enumerate(DRESSINGS):
            p.add(case, code, p.day_of(case, day) + 500 + 30 * n, 12)
    return "cannulas and dressings by the dozen, every day"


def _labs_for_drugs(p: Planter, case: int) -> str:
    """Drugs are left out and laboratory tests added for the same money: the bill looks like any other."""
    first = p.number(case, "start") // 1440 + 1
    drugs = p.classes("drug") & (pl.col("minute") // 1440 >= first)
    left = int(p.lines_of(case).filter(drugs)["amount"].sum())
    p.remove(case, drugs)
    items = [p.world.catalogue.item(code) for code in DAILY_LABS]
    day, los = 1, p.number(case, "los")
    while day < los:
        for n, item in enumerate(items):
            price = item.limits[p.care.member.level] or 0
            quantity = min(max(left, 0) // price, 4) if price else 0
            if not n and not quantity:
                quantity = 1  # no day without any service (R04)
            if quantity:
                p.add(case, item.code, p.day_of(case, day) + 480 + 60 * n, quantity)
                left -= quantity * price
        day += 1
    return "laboratory tests in the place of drugs, the bill unchanged"
