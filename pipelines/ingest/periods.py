"""The state of the close: which periods are closed, and closing or reopening one on purpose.

Belongs here: `yilian period close|reopen`. A row in the state stands above `seeds/periods.csv`. Not here: what a
closed period means for a delivery (`file.py`).
"""

from __future__ import annotations

import re
from datetime import datetime

from pipelines.state import State

OPEN, CLOSED = "open", "closed"


class PeriodError(ValueError):
    """A period can't be closed or reopened like this; says what is wrong."""


def close(state: State, period: str, *, by: str, reason: str, at: datetime) -> None:
    """Closes a period: what it has of an extract no longer changes.

    Raises:
        PeriodError: no period, nobody named, no reason.
    """
    _put(state, period, CLOSED, by, reason, at)


def reopen(state: State, period: str, *, by: str, reason: str, at: datetime) -> None:
    """Reopens a period: changes that were refused are taken in with the next run.

    Raises:
        PeriodError: no period, nobody named, no reason.
    """
    _put(state, period, OPEN, by, reason, at)


def _put(state: State, period: str, status: str, by: str, reason: str, at: datetime) -> None:
    if not re.fullmatch(r"(19|20)\d{2}-(0[1-9]|1[0-2])", period):
        raise PeriodError(f"{period!r} is no period; write YYYY-MM")
    if not by.strip() or not reason.strip():
        raise PeriodError("say who decides it and why: both are kept")
    state.put("period_status", [{
        "period": period, "status": status, "changed_at": at.isoformat(timespec="seconds"), "changed_by": by.strip(),
        "reason": reason.strip(),
    }])  # fmt: skip
