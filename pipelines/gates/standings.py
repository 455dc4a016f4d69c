"""How each member stands tonight: fresh, stale since when and why, or missing (S5-PLAT-10).

Belongs here: the reading of who was expected when. Does not belong here: which version is in force (`members.py`).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pipelines.gates.in_force import InForce, Line
from pipelines.state import State


@dataclass(frozen=True)
class Standing:
    """How one member stands tonight."""

    member_id: str
    status: str  # fresh, stale, missing
    since: date | None
    reasons: tuple[str, ...] = ()

    def sentence(self) -> str:
        """'T02 is stale since 2026-10-30: …'."""
        since = f" since {self.since}" if self.since and self.status == "stale" else ""
        return f"{self.member_id} is {self.status}{since}" + (f": {'; '.join(self.reasons)}" if self.reasons else "")


def joined(reference: Path, today: date) -> list[str]:
    with (reference / "members.csv").open(encoding="utf-8-sig", newline="") as rows:
        return [
            row["member_id"]
            for row in csv.DictReader(rows)
            if not row.get("joined_on") or date.fromisoformat(row["joined_on"]) <= today
        ]


def late(members: Sequence[str], state: State) -> dict[str, str]:
    """The members that missed the newest delivery day, and that day.

    A member is expected to have delivered on the newest day on which at least half of the consortium did: one
    member's correction does not make the others late, and one member's silence is seen at once.
    """
    good: dict[str, set[str]] = {member: set() for member in members}
    for row in state.rows("select distinct member_id, delivery_date from piece"):
        good.setdefault(row["member_id"], set()).add(row["delivery_date"])
    days = sorted({day for seen in good.values() for day in seen}, reverse=True)
    half = sum(1 for member in members if good[member]) / 2
    expected = next((day for day in days if sum(1 for member in members if day in good[member]) >= half), "")
    return {member: expected for member in members if good[member] and max(good[member]) < expected}


def mark_late(lines: Sequence[Line], missed: Mapping[str, str]) -> list[Line]:
    """Marks the newest period of late members as stale: what is in force there is their last accepted version."""
    newest: dict[str, str] = {}
    for line in lines:
        newest[line.member_id] = max(newest.get(line.member_id, ""), line.period)
    return [
        replace(line, status="stale", reason=f"no good delivery of {missed[line.member_id]}")
        if line.member_id in missed and line.period == newest[line.member_id] and line.status == "accepted"
        else line
        for line in lines
    ]


def stand(
    members: Sequence[str], in_force: Mapping[tuple[str, str, str], InForce], lines: Sequence[Line]
) -> list[Standing]:
    """Fresh, stale or missing, member by member.

    A stale member's date is that of the oldest version that stands in for something newer.
    """
    found = []
    for member in members:
        mine = [version.delivery_date for key, version in in_force.items() if key[0] == member]
        behind = [line for line in lines if line.member_id == member and line.status != "accepted"]
        if not mine:
            why = tuple(sorted({line.reason for line in behind}))
            found.append(Standing(member, "missing", None, why or ("nothing was ever delivered",)))
            continue
        since = min((line.delivery_date for line in behind if line.delivery_date), default=max(mine))
        found.append(Standing(member, "stale" if behind else "fresh", since, _reasons(behind)))
    return found


def _reasons(behind: Sequence[Line]) -> tuple[str, ...]:
    """The reasons of a member's lines, those of many extracts once."""
    extracts: dict[tuple[str, str], list[str]] = {}
    for line in behind:
        extracts.setdefault((line.period, line.reason), []).append(line.extract)
    return tuple(
        f"{period} {', '.join(names) if len(names) <= 3 else f'{len(names)} extracts'}: {reason}"
        for (period, reason), names in sorted(extracts.items())
    )
