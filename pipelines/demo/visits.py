"""Outpatient, emergency and home visits of one member and month.

Belongs here: who comes when for what, and what is charged. Not here: stays (stays), money side (settle, ledger).
Times are minutes since 1970-01-01 local time; money is integer fen.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pipelines.demo import clinical, places
from pipelines.demo.people import Floats, Ints, mix, uniform
from pipelines.demo.sizes import PERIODS, Member, intensity
from pipelines.demo.world import World, first_day, length

Bools = npt.NDArray[np.bool_]


@dataclass
class Lines:
    """Charge lines as columns of integers; `case` points into the cases of the same chunk."""

    case: list[Ints] = field(default_factory=list)
    minute: list[Ints] = field(default_factory=list)
    item: list[Ints] = field(default_factory=list)
    quantity: list[Ints] = field(default_factory=list)
    ordering: list[Ints] = field(default_factory=list)

    def add(self, case: Ints, minute: Ints, item: int, quantity: Ints | int, ordering: Ints | int) -> None:
        """Append one item for many cases."""
        n = len(case)
        if not n:
            return
        self.case.append(case.astype(np.int64))
        self.minute.append(minute.astype(np.int64))
        self.item.append(np.full(n, item, dtype=np.int64))
        self.quantity.append(np.broadcast_to(np.asarray(quantity, dtype=np.int64), n))
        self.ordering.append(np.broadcast_to(np.asarray(ordering, dtype=np.int64), n))

    def columns(self) -> dict[str, Ints]:
        """All lines, column by column."""
        empty = np.zeros(0, dtype=np.int64)
        return {
            name: np.concatenate(parts) if parts else empty
            for name, parts in (
                ("case", self.case), ("minute", self.minute), ("item", self.item),
                ("quantity", self.quantity), ("ordering", self.ordering),
            )
        }  # fmt: skip


@dataclass
class Visits:
    """Visits of one member and month, column by column."""

    person: Ints
    kind: Ints  # index into clinical.VISITS
    male: Bools
    birth: Ints
    age: Ints
    start: Ints
    dept: Ints


def _pick(options: list[tuple[clinical.Visit, float]], u: Floats) -> Ints:
    """Index into VISITS for each uniform number."""
    edges = np.cumsum([w for _, w in options])
    at = np.minimum(np.searchsorted(edges, u, side="right"), len(options) - 1)
    return np.array([clinical.VISITS.index(v) for v, _ in options], dtype=np.int64)[at]


def persons_of(kind: Ints, person: Ints, start: int) -> tuple[Bools, Ints, Ints]:
    """Sex, birth day and age at `start` (a day) of persons, from their number and the kind of their visits.

    Ages are set for 2026-10-31 and taken back, so that a person is the same person in every month.
    """
    low = np.array([v.ages[0] for v in clinical.VISITS], dtype=np.int64)[kind] + 1
    high = np.array([v.ages[1] for v in clinical.VISITS], dtype=np.int64)[kind]
    fixed = np.array([{"M": 1, "F": 0, None: -1}[v.sex] for v in clinical.VISITS], dtype=np.int64)[kind]
    drawn = uniform(person, 11) < 0.48
    male = np.where(fixed < 0, drawn, fixed == 1)
    reference = first_day("2026-10") + 30
    age = low + (uniform(person, 12) * (high - low)).astype(np.int64)
    birth = reference - (age * 365.25).astype(np.int64) - mix(person, 13) % 330 - 20
    return male, birth, ((start - birth) / 365.25).astype(np.int64)


def visits(world: World, member: Member, period: str) -> Visits:
    """Who visits a member in a month. A pure function of the world: others may ask for it again."""
    volume = world.volume(member, period)
    rng = world.stream(member.member_id, period, "visits")
    first, n_days = first_day(period), length(period)
    base = world.persons[member.member_id, "*", "chronic"]
    block = max(world.chronic_block(member), 1)
    turn = int(block * (0.0, 0.04, 0.08, 0.12)[PERIODS.index(period)])
    again = base + (np.arange(volume.chronic, dtype=np.int64) + turn) % block
    fresh = world.persons[member.member_id, period, "acute"] + np.arange(volume.acute, dtype=np.int64)
    luck = world.stream(member.member_id, period[5:], "kind").random(volume.acute)
    chronic, acute = world.kinds(member, chronic=True), world.kinds(member, chronic=False)
    kinds = [_pick(o, u) for o, u in ((chronic, uniform(again, 21)), (acute, luck)) if o]
    person, kind = np.concatenate([again, fresh]), np.concatenate(kinds)
    # A chronic patient keeps his day of the month, so that two visits are at least 29 days apart (R54).
    day = np.concatenate([mix(again, 22) % 30, rng.integers(0, n_days, volume.acute)])
    sunday = (first + day + 3) % 7 == 6
    move = sunday & (uniform(person, 23) < 0.7)
    day = np.where(move, np.where(day + 1 < n_days, day + 1, day - 1), day)
    emergency = np.array([v.setting == "emergency" for v in clinical.VISITS])[kind]
    minute = np.where(emergency, rng.integers(0, 1_380, len(person)), 480 + rng.integers(0, 500, len(person)))
    male, birth, age = persons_of(kind, person, first)
    setting = np.array([places.clinic(member, v.setting) for v in clinical.VISITS], dtype=np.int64)
    return Visits(person, kind, male, birth, age, (first + day) * 1440 + minute, setting[kind])


def exam_turn(person: Ints) -> Bools:
    """Whether a chronic patient has his exams in the first of two consecutive months."""
    return uniform(person, 31) < 0.5


REFERRAL_EXAMS = ("LAB001", "EXM017")
"""What a township always does before it refers a patient; the hospital recognises exactly these."""


def visit_lines(world: World, member: Member, period: str, seen: Visits, referred: Bools) -> Lines:
    """What is charged for the visits.

    Args:
        world: the county.
        member: whose visits they are.
        period: month.
        seen: the visits.
        referred: visits that lead to a referral: they get the basic exams and no others.

    A chronic patient has exams in one of two consecutive months only (S3-SHARE-05).
    """
    rng = world.stream(member.member_id, period, "visit-lines")
    lines = Lines()
    factor = intensity(member, period)
    level = member.level
    every = np.arange(len(seen.person), dtype=np.int64)
    setting = np.array([v.setting for v in clinical.VISITS])[seen.kind]
    chronic = np.array([bool(v.programme) for v in clinical.VISITS])[seen.kind]
    may_exam = ~chronic | (exam_turn(seen.person) == period.endswith("09"))
    may_exam &= ~referred

    def put(code: str, mask: Bools, after: int, quantity: Ints | int = 1) -> None:
        item = world.catalogue.item(code)
        rows = every[mask]
        lines.add(rows, seen.start[rows] + after, item.index, quantity, seen.dept[rows])

    if level in ("primary", "village"):
        put("REG007", np.ones(len(every), dtype=bool), 5)
    else:
        put("REG001", setting != "home", 2)
        grade = rng.random(len(every))
        put("REG005", setting == "emergency", 5)
        plain = setting != "emergency"
        put("REG002", plain & (grade < 0.6), 5)
        put("REG003", plain & (grade >= 0.6) & (grade < 0.9), 5)
        put("REG004", plain & (grade >= 0.9), 5)
    for code in REFERRAL_EXAMS:
        put(code, referred, 20)
    for index, kind in enumerate(clinical.VISITS):
        mask = seen.kind == index
        if not mask.any():
            continue
        for code, probability, quantity in kind.exams:
            item = world.catalogue.item(code)
            if not item.is_allowed(level, (kind.diagnosis,), kind.sex, kind.ages):
                continue
            gate = may_exam if item.charge_class in ("lab", "exam") else np.ones(len(every), dtype=bool)
            hit = mask & gate & (rng.random(len(every)) < probability * min(factor, 1.1))
            put(code, hit, 25, quantity)
        for code, probability, quantity, _ in kind.drugs:
            item = world.catalogue.item(code)
            if not item.is_allowed(level, (kind.diagnosis,), kind.sex, kind.ages):
                continue
            hit = mask & (rng.random(len(every)) < probability * min(factor, 1.08))
            put(code, hit, 50, quantity)
    return lines
