"""Planted insurance violations and their near-misses, with labels (domain 5.3, S2-RISK-37 ff.).

Belongs here: which member gets which plant in which month. Not here: the plants (plants_stays, plants_lines), finding
them (the pipeline, which never reads the labels). A plant that cannot help breaking a second rule is labelled for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from pipelines.demo import oddities
from pipelines.demo import plants_lines as line
from pipelines.demo import plants_people as people
from pipelines.demo import plants_stays as stay
from pipelines.demo.care import Care
from pipelines.demo.planting import Label, Planter, Sheet
from pipelines.demo.referring import returning
from pipelines.demo.sizes import FOCUS
from pipelines.demo.world import World

TIMES = {"S": 1, "M": 5, "L": 12}
"""How often each plant is repeated."""

Step = Callable[[Sheet], None]

LEAD: dict[str, tuple[Step, ...]] = {
    "09": (
        stay.lend,
        stay.r03,
        stay.r01,
        stay.r20,
        stay.r11,
        stay.r04,
        stay.r09,
        line.r30,
        line.r32,
        line.r34,
        line.r39,
        line.r60,
        line.r63,
        line.repeated_exam,
        line.r40,
        people.r07,
        people.r20_unshown,
        people.r23,
        people.r70,
        line.r64,
        people.r55,
        line.r37,
        people.r54,
        line.r43,
    ),
    "10": (
        stay.lend,
        stay.r01,
        stay.three_in_a_week,
        stay.r05,
        stay.r10,
        stay.r22,
        line.r31,
        line.r33,
        line.r35,
        line.r40,
        line.substituted_bed,
        line.r52,
        line.r53,
        line.r61,
        line.r63,
        line.repeated_exam,
        stay.r04,
        people.r08,
        people.r62,
        people.r69,
        people.r36,
        line.r66,
        people.r55,
        people.r12,
        people.r54,
        stay.tested_here,
    ),
}
GENERAL: dict[str, tuple[Step, ...]] = {
    "09": (stay.r06, line.r51, line.r42, stay.r13, line.r35),
    "10": (line.r42, stay.r06, stay.r03, line.r34, line.r51, line.r60, stay.r13, line.r41),
}
SPECIALIST: dict[str, tuple[Step, ...]] = {"09": (line.r61,), "10": (line.r52, stay.r22)}
TOWNSHIP: dict[str, tuple[Step, ...]] = {
    "09": (stay.r02, stay.r05_elsewhere, line.r31),
    "10": (stay.r02, line.r50, line.r32, stay.r05_elsewhere, stay.tested_again),
}
PLANS: dict[str, dict[str, tuple[Step, ...]]] = {
    "tertiary": LEAD,
    "general": GENERAL,
    "specialist": SPECIALIST,
    "township": TOWNSHIP,
}

AFTERWARDS: dict[tuple[str, str], tuple[Step, ...]] = {
    ("tertiary", "09"): (people.r67, line.r38),
    ("tertiary", "10"): (people.r67,),
}
"""Plants that count what all others have put into the month."""


def plant(world: World, current: Care) -> tuple[Care, list[Label]]:
    """Put violations into a member's month; nothing is planted into the year before.

    Returns:
        the month with the plants, and their labels (charge ids are filled in by `resolve`).
    """
    plan = PLANS.get(current.member.persona, {}).get(current.period[5:], ())
    if current.period not in FOCUS or not plan:
        return current, []
    back = returning(world, current.member, f"{current.period[:5]}10") if current.period.endswith("09") else frozenset()
    sheet = Sheet(Planter(world, current, returning=back), [])
    once = {
        stay.r13,
        stay.three_in_a_week,
        line.repeated_exam,
        stay.r20,
        stay.lend,
        stay.r02,
        stay.r05_elsewhere,
        stay.r06,
        people.r07,
        people.r08,
        people.r20_unshown,
        people.r62,
        people.r70,
        people.r36,
        people.r55,
        people.r12,
        people.r54,
        stay.tested_here,
        stay.tested_again,
    }
    for turn in range(TIMES[world.size.name]):
        for step in plan:
            if turn == 0 or step not in once:
                step(sheet)
    for step in AFTERWARDS.get((current.member.persona, current.period[5:]), ()):
        step(sheet)
    oddities.plant(sheet, TIMES[world.size.name])
    return sheet.planter.care, sheet.labels


def resolve(labels: list[Label], current: Care) -> list[Label]:
    """Fill in the charge ids of the tags."""
    if not labels:
        return []
    marked = current.lines.with_row_index("serial", 1).filter(pl.col("tag") > 0)
    prefix = f"{current.member.member_id}{current.period[2:4]}{current.period[5:]}C"
    ids: dict[int, list[str]] = {}
    for serial, tag in marked.select("serial", "tag").iter_rows():
        ids.setdefault(tag, []).append(f"{prefix}{serial:08d}")
    return [replace(label, charge_ids=tuple(ids.get(label.tag, ())) if label.tag else ()) for label in labels]
