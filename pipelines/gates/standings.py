"""How each member stands tonight: fresh, stale since when and why, or missing.

Belongs here: the reading of who was expected when. Does not belong here: which version is in force (`members.py`).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipelines.gates.in_force import Line
from pipelines.ingest import Version
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


def stand(
    members: Sequence[str], state: State, in_force: Mapping[tuple[str, str, str], Version], lines: Sequence[Line]
) -> list[Standing]:
    """Fresh, stale or missing, member by member.

    A member is expected to have delivered on the newest day on which at least half of the consortium did: one
    member's correction does not make the others late, and one member's silence is seen at once.
    """
    good: dict[str, set[str]] = {member: set() for member in members}
    for row in state.rows("select distinct member_id, delivery_date from piece"):
        good.setdefault(row["member_id"], set()).add(row["delivery_date"])
    days = sorted({day for seen in good.values() for day in seen}, reverse=True)
    half = sum(1 for member in members if good[member]) / 2
    expected = next((day for day in days if sum(1 for m in members if day in good[m]) >= half), None)
    found = []
    for member in members:
        mine = [version.delivery_date for key, version in in_force.items() if key[0] == member]
        if not mine:
            why = sorted({line.reason for line in lines if line.member_id == member and line.reason})
            found.append(Standing(member, "missing", None, tuple(why) or ("nothing was ever delivered",)))
            continue
        reasons, since = [], max(mine)
        if expected and max(good[member], default="") < expected:
            reasons.append(f"no good delivery of {expected}")
        behind = [line for line in lines if line.member_id == member and line.status != "accepted"]
        if behind:
            reasons += sorted({f"{line.period} {line.extract} {line.reason}" for line in behind})[:5]
            since = min([line.delivery_date for line in behind if line.delivery_date] or [since])
        found.append(Standing(member, "stale" if reasons else "fresh", since, tuple(reasons)))
    return found
