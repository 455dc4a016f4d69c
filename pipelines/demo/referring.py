"""Patients who move between members in a month.

Belongs here: which visit leads to which stay, which discharge to which stay. The referral rows themselves are
written by `together`. Everything is a pure function of the world, so that each member can be written alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pipelines.demo.people import Ints, uniform
from pipelines.demo.sizes import PERIODS, Member, previous_period
from pipelines.demo.stays import OPEN_AGES, Bools, Stays, Taken, draw, open_groups
from pipelines.demo.visits import Visits, exam_turn, visits
from pipelines.demo.world import World, last_day

UP_SHARE = 0.05
DOWN_SHARE = {"tertiary": 0.16, "general": 0.10, "specialist": 0.0}
READMITTED_SHARE = 0.03


@dataclass(frozen=True)
class Move:
    """Referrals of one pair of members: row of the case they leave and slot of the stay they enter."""

    from_id: str
    to_id: str
    direction: str
    source_rows: Ints
    slots: Ints


def _grown(birth: Ints, day: Ints) -> Bools:
    age = (day - birth) / 365.25
    return (age >= OPEN_AGES[0] + 2) & (age <= OPEN_AGES[1] - 2)


def _joined(parts: list[tuple[Ints, Bools, Ints, Ints]]) -> Taken:
    person, male, birth, earliest = (np.concatenate(c) for c in zip(*parts, strict=True))
    return Taken(person, male, birth, earliest)


@lru_cache(maxsize=8)
def up(world: World, period: str) -> tuple[dict[str, Taken], list[Move]]:
    """Visits at townships that lead to a stay at the lead or the first general hospital the next morning."""
    targets = [world.lead, *world.of("general")[:1]]
    used = {t.member_id: 0 for t in targets}
    parts: dict[str, list[tuple[Ints, Bools, Ints, Ints]]] = {t.member_id: [] for t in targets}
    moves: list[Move] = []
    for member in world.of("township"):
        seen: Visits = visits(world, member, period)
        day = seen.start // 1440
        fit = _grown(seen.birth, day) & (day < last_day(period)) & (seen.age >= 52)
        # Only in the month in which the patient has exams at all: no one is referred in two months running.
        rows = np.flatnonzero(fit & (exam_turn(seen.person) == period.endswith("09")))
        want = round(UP_SHARE * len(seen.person))
        rows = rows[np.argsort(uniform(seen.person[rows], 42), kind="stable")][:want]
        split = round(len(rows) * 0.72)
        for target, chosen in zip(targets, (rows[:split], rows[split:]), strict=False):
            room = round(0.35 * world.volume(target, period).stays) - used[target.member_id]
            chosen = np.sort(chosen[: max(room, 0)])
            slots = used[target.member_id] + np.arange(len(chosen), dtype=np.int64)
            used[target.member_id] += len(chosen)
            earliest = (day[chosen] + 1) * 1440 + 520 + (seen.person[chosen] % 200)
            parts[target.member_id].append((seen.person[chosen], seen.male[chosen], seen.birth[chosen], earliest))
            moves.append(Move(member.member_id, target.member_id, "up", chosen, slots))
    taken = {t: _joined(p) for t, p in parts.items() if p}
    return taken, moves


@lru_cache(maxsize=4)
def upper_stays(world: World, member_id: str, period: str) -> Stays:
    """Stays of a hospital that sends patients down, with those it discharges to a lower member marked."""
    member = world.by_id[member_id]
    taken = up(world, period)[0].get(member_id)
    before = _readmitted(world, member, period) if period.endswith("10") else None
    stays = draw(world, member, period, taken, before)
    rng = world.stream(member_id, period, "down")
    medical = np.array([g.partition == "medical" for g in stays.groups], dtype=bool)[stays.group]
    day = stays.end // 1440
    fit = _grown(stays.birth, day) & (day < last_day(period)) & (stays.disposition == 0) & ~stays.referred_in
    fit &= (stays.los >= 4) & ~stays.again & ~stays.is_day_surgery
    rank = np.where(fit, rng.random(len(fit)) - 0.4 * medical, 9.0)
    n = min(round(DOWN_SHARE[member.persona] * len(fit)), int(fit.sum()))
    stays.disposition[np.argsort(rank, kind="stable")[:n]] = 1
    return stays


def _readmitted(world: World, member: Member, period: str) -> Taken:
    """A few discharged patients who come back after 17-30 days with another disease: natural readmissions."""
    before = upper_stays(world, member.member_id, previous_period(period))
    first = last_day(previous_period(period)) + 1
    fit = _grown(before.birth, before.start // 1440) & (before.disposition == 0) & (before.end // 1440 < first - 4)
    fit &= (before.end // 1440 > first - 17) & ~before.referred_in & ~before.is_day_surgery
    rows = np.flatnonzero(fit)[: round(READMITTED_SHARE * len(fit))]
    gap = 17 + (before.person[rows] % 12)
    day = np.maximum(before.end[rows] // 1440 + gap, first)
    mdc = tuple(before.groups[g].mdc for g in before.group[rows])
    return Taken(before.person[rows], before.male[rows], before.birth[rows], day * 1440 + 600, mdc)


@lru_cache(maxsize=8)
def down(world: World, period: str) -> tuple[dict[str, Taken], list[Move]]:
    """Discharges of the hospitals that go on at a township the same afternoon."""
    townships = [m for m in world.of("township") if open_groups([g for g, _ in world.groups(m)])]
    used = {t.member_id: 0 for t in townships}
    parts: dict[str, list[tuple[Ints, Bools, Ints, Ints]]] = {t.member_id: [] for t in townships}
    moves: list[Move] = []
    for sender in (*world.of("tertiary"), *world.of("general")):
        stays = upper_stays(world, sender.member_id, period)
        rows = np.flatnonzero(stays.disposition == 1)
        for k, target in enumerate(townships):
            room = round(0.6 * world.volume(target, period).stays) - used[target.member_id]
            chosen = rows[k :: len(townships)][: max(room, 0)]
            slots = used[target.member_id] + np.arange(len(chosen), dtype=np.int64)
            used[target.member_id] += len(chosen)
            earliest = stays.end[chosen] + 240 + (stays.person[chosen] % 60)
            parts[target.member_id].append((stays.person[chosen], stays.male[chosen], stays.birth[chosen], earliest))
            moves.append(Move(sender.member_id, target.member_id, "down", chosen, slots))
    taken = {t: _joined(p) for t, p in parts.items() if p}
    return taken, moves


def stays_of(world: World, member: Member, period: str) -> Stays:
    """Stays of any member in a month of admission."""
    if period not in PERIODS:
        raise ValueError(f"{period} is not one of the demo's periods {', '.join(PERIODS)}")
    if member.persona in DOWN_SHARE:
        return upper_stays(world, member.member_id, period)
    return draw(world, member, period, down(world, period)[0].get(member.member_id), None)


def moves_up_into(world: World, member: Member, period: str) -> list[int]:
    """Slots of a hospital's stays that townships sent up, in order."""
    return [int(s) for move in up(world, period)[1] if move.to_id == member.member_id for s in move.slots]


def returning(world: World, member: Member, period: str) -> frozenset[int]:
    """Persons whom a hospital readmits in a month, naturally: nothing may be planted on their first stay."""
    if member.persona not in DOWN_SHARE:
        return frozenset()
    return frozenset(int(p) for p in _readmitted(world, member, period).person)
