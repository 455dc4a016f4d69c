"""The state of the close: which periods are closed, and closing or reopening one on purpose.

Belongs here: `yilian period close|reopen|list`. A row in the state stands above `seeds/periods.csv`; every change is
kept with who, when and why. Not here: what a closed period means for a delivery (`file.py`), what its figures were
(`pipelines/ledger/close.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from pipelines.state import State, put

OPEN, CLOSED = "open", "closed"


class PeriodError(ValueError):
    """A period can't be closed or reopened like this; says what is wrong."""


def close(
    state: State, period: str, *, by: str, reason: str, at: datetime, figures: Sequence[Mapping[str, str]] = ()
) -> None:
    """Closes a period: what it has of an extract no longer changes, and neither may its figures.

    Args:
        figures: the period's statements as published (`pipelines/ledger/close.py`); a night that computes others is
            stopped.

    Raises:
        PeriodError: no period, nobody named, no reason.
    """
    _put(state, period, CLOSED, by, reason, at, figures)


def reopen(state: State, period: str, *, by: str, reason: str, at: datetime) -> None:
    """Reopens a period: changes that were refused are taken in with the next run.

    Raises:
        PeriodError: no period, nobody named, no reason.
    """
    _put(state, period, OPEN, by, reason, at, ())


def changes(state: State, period: str | None = None) -> list[dict[str, str]]:
    """Every close and reopening, oldest first: period, changed_at, status, changed_by, reason."""
    return state.rows(
        "select period, changed_at, status, changed_by, reason from period_change "
        "where ? is null or period = ? order by period, changed_at, rowid",
        (period, period),
    )


def _put(
    state: State, period: str, status: str, by: str, reason: str, at: datetime, figures: Sequence[Mapping[str, str]]
) -> None:
    if not re.fullmatch(r"(19|20)\d{2}-(0[1-9]|1[0-2])", period):
        raise PeriodError(f"{period!r} is no period; write YYYY-MM")
    if not by.strip() or not reason.strip():
        raise PeriodError("say who decides it and why: both are kept")
    row = {
        "period": period, "status": status, "changed_at": at.isoformat(timespec="seconds"), "changed_by": by.strip(),
        "reason": reason.strip(),
    }  # fmt: skip
    with state.transaction() as connection:
        put(connection, "period_status", [row])
        put(connection, "period_change", [row])
        connection.execute("delete from closed_figure where period = ?", (period,))
        put(connection, "closed_figure", figures)
