"""What the consortium decided about deliveries: who is a member, how much may be wrong, what is closed.

Belongs here: the ingest's questions to the reference data and to the state. Not here: reading and judging
reference data (`pipelines/reference.py`, `pipelines/policy.py`), applying the answers (`intake.py`, `file.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipelines import reference
from pipelines.policy import Policy
from pipelines.settings import Settings
from pipelines.state import State

TOLERANCE = "row_rejection_tolerance"
DEADLINE = "delivery_deadline_hour"


@dataclass(frozen=True)
class Rules:
    """The rules of a run.

    Attributes:
        members: everybody in `members.csv`.
        closed: closed periods: of `periods.csv`, and above it what was closed or reopened since.
        policy: the consortium's policy.
    """

    members: frozenset[str]
    closed: frozenset[str]
    policy: Policy

    def tolerance(self, member_id: str, period: str) -> Decimal:
        """Share of a file's rows that may be bad (S3-PLAT-04, TC-68), as of the period's last day."""
        return self.policy.value(TOLERANCE, member=member_id, period=period)

    def deadline_hour(self, member_id: str, day: date) -> int:
        """O'clock of the day after a delivery's date at which it must be complete."""
        return int(self.policy.value(DEADLINE, member=member_id, on=day))

    def fingerprint(self) -> str:
        """Digest of the tolerances: a file that was rejected under others gets another chance."""
        return "; ".join(
            f"{row.scope_kind} {row.scope} {row.value} {row.valid_from} {row.valid_to}"
            for row in self.policy.rows
            if row.parameter == TOLERANCE
        )


def load_rules(settings: Settings, state: State) -> Rules:
    """The rules of a run.

    Raises:
        ReferenceError: the consortium's reference data has a problem.
    """
    folder = reference.overlay(settings)
    members = frozenset(row["member_id"] for row in reference.read(folder, "members"))
    status = {row["period"]: row["status"] for row in reference.read(folder, "periods")}
    status |= {row["period"]: row["status"] for row in state.rows("select period, status from period_status")}
    closed = frozenset(period for period, said in status.items() if said == "closed")
    return Rules(members, closed, Policy.load(folder))
