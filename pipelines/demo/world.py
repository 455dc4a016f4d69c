"""The frame of one demo county: who exists, how many cases of each kind, which person numbers are whose.

Belongs here: what every part needs and what is the same for all parts. Not here: drawing anything.
"""

from __future__ import annotations

import math
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from pipelines.demo import clinical
from pipelines.demo.catalogue import Catalogue, Group, load, read_seed
from pipelines.demo.people import days, stream
from pipelines.demo.sizes import (
    PERIODS,
    PERSONAS,
    SIZES,
    Member,
    encounter_counts,
    members_of,
)


@dataclass(frozen=True)
class Volume:
    """Cases of one member and period by kind."""

    chronic: int
    acute: int
    stays: int
    day_surgery: int

    @property
    def visits(self) -> int:
        """Outpatient, emergency and home visits."""
        return self.chronic + self.acute


class World:
    """One demo county at one size and seed.

    Args:
        size: S, M or L.
        seed: of all randomness.
    """

    def __init__(self, size: str, seed: int) -> None:
        if size not in SIZES:
            raise ValueError(f"size {size!r} is unknown; choose one of {', '.join(SIZES)}")
        self.size = SIZES[size]
        self.seed = seed
        self.members: tuple[Member, ...] = members_of(size)
        self.by_id = {m.member_id: m for m in self.members}
        self.counts = encounter_counts(size)
        self.catalogue: Catalogue = load()
        self.procedure_names: list[dict[str, str]] = read_seed("icd9cm3")
        rows = {row["member_id"]: row for row in read_seed("members")}
        self.region: str = rows.get("H01", {}).get("region_code", "")
        self.accounts: list[dict[str, str]] = read_seed("unified_accounts")

    @property
    def lead(self) -> Member:
        """The lead hospital."""
        return self.members[0]

    def of(self, persona: str) -> list[Member]:
        """Members of one persona, in order."""
        return [m for m in self.members if m.persona == persona]

    def stream(self, *parts: object) -> np.random.Generator:
        """Randomness of one part."""
        return stream(self.seed, self.size.name, *parts)

    def kinds(self, member: Member, *, chronic: bool) -> list[tuple[clinical.Visit, float]]:
        """Kinds of visits with their probability; chronic ones come back month after month."""
        rows: list[tuple[clinical.Visit, float]] = []
        persona = PERSONAS[member.persona]
        shares = {"emergency": persona.emergency_share, "home": persona.home_visit_share}
        for setting in ("plain", "emergency", "home"):
            group = [
                (v, v.weight.get(member.persona, 0.0))
                for v in clinical.VISITS
                if (v.setting if v.setting in shares else "plain") == setting
            ]
            total = sum(w for _, w in group)
            share = shares.get(setting, 1.0 - sum(shares.values()))
            rows += [(v, w / total * share) for v, w in group if w > 0 and share > 0]
        picked = [(v, w) for v, w in rows if bool(v.programme) == chronic]
        total = sum(w for _, w in picked)
        return [(v, w / total) for v, w in picked] if total else []

    def chronic_share(self, member: Member) -> float:
        """Share of visits by persons who come back every month."""
        persona = PERSONAS[member.persona]
        plain = [
            (v, v.weight.get(member.persona, 0.0)) for v in clinical.VISITS if v.setting not in ("home", "emergency")
        ]
        total = sum(w for _, w in plain)
        again = sum(w for v, w in plain if v.programme)
        usual = 1.0 - persona.emergency_share - persona.home_visit_share
        return persona.home_visit_share + usual * again / total

    def volume(self, member: Member, period: str) -> Volume:
        """Cases by kind."""
        n = self.counts[member.member_id, period]
        persona = PERSONAS[member.persona]
        stays = round(n * persona.inpatient_share * self.size.inpatient_factor)
        surgery = round(n * persona.day_surgery_share)
        chronic = round((n - stays - surgery) * self.chronic_share(member))
        return Volume(chronic, n - stays - surgery - chronic, stays, surgery)

    @cached_property
    def persons(self) -> dict[tuple[str, str, str], int]:
        """First person number by (member_id, period or '*', kind); every range is disjoint."""
        out: dict[tuple[str, str, str], int] = {}
        at = 0
        for member in self.members:
            out[member.member_id, "*", "chronic"] = at
            at += self.chronic_block(member)
            for period in PERIODS:
                volume = self.volume(member, period)
                for kind, n in (("acute", volume.acute), ("stay", volume.stays + volume.day_surgery)):
                    out[member.member_id, period, kind] = at
                    at += n
        out["*", "*", "planted"] = at
        return out

    def chronic_block(self, member: Member) -> int:
        """Persons with a chronic disease that a member looks after."""
        return math.ceil(1.15 * max(self.volume(member, p).chronic for p in PERIODS))

    def groups(self, member: Member) -> list[tuple[Group, float]]:
        """Groups a member treats, with probability."""
        rows = clinical.groups_of(self.catalogue, member.level, member.persona)
        total = sum(w for _, w in rows)
        return [(g, w / total) for g, w in rows]


def first_day(period: str) -> int:
    """First day of a period, as days since 1970-01-01."""
    return days(date(int(period[:4]), int(period[5:]), 1))


def length(period: str) -> int:
    """Days of a period."""
    return monthrange(int(period[:4]), int(period[5:]))[1]


def last_day(period: str) -> int:
    """Last day of a period, as days since 1970-01-01."""
    return first_day(period) + length(period) - 1


def short(period: str) -> str:
    """YYMM."""
    return period[2:4] + period[5:]
