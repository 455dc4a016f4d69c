"""What the consortium decided about deliveries: who is a member, how much may be wrong, what is closed.

Belongs here: reading members, periods and the ingest's policy out of the reference data (`CONSORTIUM_SEEDS` laid
over `seeds/`) and the state. Not here: applying them (`take_in.py`).
"""

from __future__ import annotations

import calendar
import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from pipelines.settings import PROJECT, Settings
from pipelines.state import State

TOLERANCE = "row_rejection_tolerance"
DEADLINE = "delivery_deadline_hour"

_NARROWEST = {"member": 0, "role": 1, "level": 2, "all": 3}


class RuleMissing(LookupError):
    """Reference data that the ingest can't do without; names the file and the row that is needed."""


@dataclass(frozen=True)
class Rules:
    """The rules of a run.

    Attributes:
        members: member_id -> its row of `seeds/members.csv`.
        closed: closed periods.
        policy: rows of the two policy files that the ingest asks for.
    """

    members: Mapping[str, Mapping[str, str]]
    closed: frozenset[str]
    policy: tuple[Mapping[str, str], ...]

    def tolerance(self, member_id: str, period: str) -> Decimal:
        """Share of a file's rows that may be bad (S3-PLAT-04, TC-68), as of the period's last day."""
        return self._value(TOLERANCE, member_id, _last_day(period))

    def deadline_hour(self, member_id: str, day: date) -> int:
        """O'clock of the day after a delivery's date at which it must be complete."""
        return int(self._value(DEADLINE, member_id, day))

    def _value(self, parameter: str, member_id: str, day: date) -> Decimal:
        member = self.members[member_id]
        scopes = {
            ("all", ""), ("member", member_id), ("level", member["level"]), ("role", member["role"])
        }  # fmt: skip
        rows = [
            row for row in self.policy
            if row["parameter"] == parameter and (row["scope_kind"], row["scope"]) in scopes
            and row["valid_from"] <= day.isoformat() <= (row["valid_to"] or "9999-12-31")
        ]  # fmt: skip
        if not rows:
            raise RuleMissing(
                f"policy has no {parameter} for {member_id} on {day}: add a row to seeds/policy.csv or "
                "seeds/policy_pipeline.csv (scope_kind all, or member, role, level)"
            )
        return Decimal(min(rows, key=lambda row: _NARROWEST[row["scope_kind"]])["value"])


def load_rules(settings: Settings, state: State) -> Rules:
    """Reads the rules of a run.

    Raises:
        RuleMissing: a file or a column that is needed isn't there.
    """
    members = {row["member_id"]: row for row in _read(settings, "members", {"member_id", "level", "role"})}
    needed = {"parameter", "scope_kind", "scope", "value", "valid_from", "valid_to"}
    policy = tuple(
        row for name in ("policy", "policy_pipeline") for row in _read(settings, name, needed)
        if row["parameter"] in (TOLERANCE, DEADLINE)
    )  # fmt: skip
    status = {row["period"]: row["status"] for row in _read(settings, "periods", {"period", "status"})}
    status |= {row["period"]: row["status"] for row in state.rows("select period, status from period_status")}
    return Rules(members, frozenset(period for period, said in status.items() if said == "closed"), policy)


def reference_file(settings: Settings, name: str) -> Path:
    """A file of reference data: the consortium's own where it has one, else the project's."""
    folders = [settings.seeds] if settings.seeds else []
    found = next((f for folder in [*folders, PROJECT / "seeds"] if (f := folder / f"{name}.csv").is_file()), None)
    if found is None:
        raise RuleMissing(f"{name}.csv stands neither in CONSORTIUM_SEEDS nor in seeds/")
    return found


def _read(settings: Settings, name: str, needed: set[str]) -> list[dict[str, str]]:
    path = reference_file(settings, name)
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        if missing := sorted(needed - set(reader.fieldnames or ())):
            raise RuleMissing(f"{path} lacks the columns {', '.join(missing)}")
        return [{key: (value or "").strip() for key, value in row.items() if key} for row in reader]


def _last_day(period: str) -> date:
    year, month = int(period[:4]), int(period[5:7])
    return date(year, month, calendar.monthrange(year, month)[1])
