"""Hospital stays of one member and month of admission.

Belongs here: who is admitted, for how long, in which group. Not here: their charge lines (stay_lines).
Referrals decide some of the patients (referring), so this module takes them as slots that are already filled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.demo import clinical, places
from pipelines.demo.catalogue import Group
from pipelines.demo.people import Ints, mix, uniform
from pipelines.demo.sizes import Member
from pipelines.demo.world import World, first_day, length

Bools = npt.NDArray[np.bool_]
LOS_FACTOR = {"tertiary": 0.95, "secondary": 1.04, "primary": 0.92}
MAX_STAY = 26
OPEN_AGES = (50, 80)
"""Ages at which a patient may be taken over from another member: groups for them set no narrower bounds."""


@dataclass
class Stays:
    """Stays admitted in one month, column by column; day surgery comes last."""

    person: Ints
    male: Bools
    birth: Ints
    age: Ints
    group: Ints  # index into the member's groups
    start: Ints  # minutes
    los: Ints
    end: Ints  # minutes
    ward: Ints
    is_day_surgery: Bools
    disposition: Ints  # index into DISPOSITIONS
    referred_in: Bools
    again: Bools  # a natural readmission
    groups: list[Group]


DISPOSITIONS = ("home", "transfer", "died", "left")


@dataclass(frozen=True)
class Taken:
    """Patients that come from elsewhere: person number, sex, birth day, day of admission (earliest minute)."""

    person: Ints
    male: Bools
    birth: Ints
    earliest: Ints
    mdc_before: tuple[str, ...] = ()


def open_groups(groups: list[Group]) -> list[int]:
    """Indexes of medical groups that any grown-up patient can fall into."""
    return [
        i
        for i, g in enumerate(groups)
        if g.partition == "medical" and g.sex is None and g.age_min <= OPEN_AGES[0] and g.age_max >= OPEN_AGES[1]
    ]


def draw(world: World, member: Member, period: str, taken: Taken | None, readmitted: Taken | None) -> Stays:
    """Admissions of a month.

    Args:
        world: the county.
        member: the hospital.
        period: month of admission.
        taken: patients that other members sent; they fill the first slots.
        readmitted: own patients of the month before; they fill the next ones.
    """
    volume = world.volume(member, period)
    # The same month of two years draws the same mix of groups: what differs is volume and price, not luck.
    month = period[5:]
    rng = world.stream(member.member_id, month, "stays")
    n, n_day = volume.stays, volume.day_surgery
    total = n + n_day
    weights = world.groups(member)
    groups = [g for g, _ in weights]
    if not groups:
        n = n_day = total = 0
    person = world.persons[member.member_id, period, "stay"] + np.arange(total, dtype=np.int64)
    group = np.zeros(total, dtype=np.int64)
    is_day = np.arange(total) >= n
    if total:
        edges = np.cumsum([w for _, w in weights])
        group = np.minimum(
            np.searchsorted(edges, world.stream(member.member_id, month, "group").random(total), side="right"),
            len(groups) - 1,
        )
        day_groups = [i for i, g in enumerate(groups) if g.code in clinical.DAY_SURGERY]
        if day_groups:
            group[is_day] = rng.choice(day_groups, n_day)
    low = np.array([g.age_min for g in groups], dtype=np.int64)[group] if total else group
    high = np.array([g.age_max for g in groups], dtype=np.int64)[group] if total else group
    fixed = np.array([{"M": 1, "F": 0, None: -1}[g.sex] for g in groups], dtype=np.int64)[group] if total else group
    male = np.where(fixed < 0, uniform(person, 11) < 0.5, fixed == 1)
    first, n_days = first_day(period), length(period)
    # The wards are empty on the first day of the demo's history: more are admitted in its first days.
    density = np.ones(n_days)
    if period.endswith("09"):
        density[:5] = 1.9
    day = rng.choice(n_days, total, p=density / density.sum())
    sunday = (first + day + 3) % 7 == 6
    day = np.where(sunday & (day > 0) & (rng.random(total) < 0.6), day - 1, day)
    start = (first + day) * 1440 + 480 + rng.integers(0, 560, total)
    # Newborns (ages 0..0) are some days old; others lie strictly inside the bounds of their group.
    years = np.where(high > low, low + 1 + (uniform(person, 12) * np.maximum(high - low - 1, 1)).astype(np.int64), low)
    birth = (
        first
        + day
        - np.where(high == 0, 2 + mix(person, 13) % 12, (years * 365.25).astype(np.int64) + 20 + mix(person, 13) % 320)
    )
    referred = np.zeros(total, dtype=bool)
    again = np.zeros(total, dtype=bool)
    open_ids = np.array(open_groups(groups), dtype=np.int64)
    at = 0
    for source, flag in ((taken, referred), (readmitted, again)):
        if source is None or not len(open_ids):
            continue
        k = min(len(source.person), n - at)
        rows = slice(at, at + k)
        person[rows], male[rows], birth[rows] = source.person[:k], source.male[:k], source.birth[:k]
        start[rows] = source.earliest[:k]
        flag[rows] = True
        for i in range(k):
            choices = open_ids
            if source.mdc_before:
                choices = np.array([g for g in open_ids if groups[g].mdc != source.mdc_before[i]], dtype=np.int64)
            group[at + i] = choices[rng.integers(0, len(choices))]
        at += k
    reference = np.array([g.reference_los for g in groups])[group] if total else np.zeros(0)
    los = np.rint(
        reference
        * LOS_FACTOR.get(member.level, 1.0)
        * np.exp(world.stream(member.member_id, month, "los").normal(-0.02, 0.2, total))
    )
    los = np.clip(los, 2, MAX_STAY).astype(np.int64)
    los[is_day] = 0
    end = np.where(is_day, start + 300, (start // 1440 + los) * 1440 + 540 + rng.integers(0, 170, total))
    grade = np.array([g.risk_grade for g in groups], dtype=np.int64)[group] if total else group
    u = world.stream(member.member_id, month, "disposition").random(total)
    disposition = np.where(u < 0.010 * (grade - 2).clip(0), 2, np.where(u > 0.992, 3, 0))
    disposition[is_day | referred | again] = 0
    ward = np.array([places.ward(member, g.mdc) for g in groups], dtype=np.int64)[group] if total else group
    age = ((first + day - birth) / 365.25).astype(np.int64) if total else group
    age = ((start // 1440 - birth) / 365.25).astype(np.int64)
    return Stays(person, male, birth, age, group, start, los, end, ward, is_day, disposition, referred, again, groups)
