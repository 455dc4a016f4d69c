"""The state of the close: which periods are closed, and closing or reopening one on purpose.

Belongs here: `yilian period close|reopen|list`, and what `governance.period_close` shows. A row in the state stands
above `seeds/periods.csv`; every change is kept with who, when and why. Not here: what a closed period means for a
delivery (`file.py`), what its figures were (`pipelines/ledger/close.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pipelines.reference import Row
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
        PeriodError: no period, nobody named, no reason; a standing close keeps figures that this one would let go.
    """
    kept = state.rows(
        "select changed_at, changed_by from period_status where period = ? and status = 'closed' "
        "and period in (select period from closed_figure)",
        (period,),
    )
    for standing in kept:
        raise PeriodError(
            f"{period} is closed since {standing['changed_at']} by {standing['changed_by']}, its figures are kept: "
            f"`yilian period reopen {period}` first"
        )
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


def history(state: State, declared: Iterable[Row]) -> list[dict[str, str | int | None]]:
    """Every close and reopening there is a word of, oldest first, as `governance.period_close` shows it.

    Args:
        declared: the rows of `periods.csv`.

    Returns:
        period, status, changed_at (ISO; None where `periods.csv` names no day), changed_by, reason, said_in
        (`periods.csv` or `command`), is_current (`true` on the newest word of each period) and kept_figures (statement
        figures that a close holds the coming nights to; 0 where nothing was published yet, or the period is open).
    """
    words: list[dict[str, str | int | None]] = [
        {
            "period": row["period"],
            "status": row["status"],
            "changed_at": f"{row['closed_on']}T00:00:00" if row["closed_on"] else None,
            "changed_by": row["closed_by"] or None,
            "reason": row["reason"] or None,
            "said_in": "periods.csv",
        }
        for row in declared
    ]
    words += [{**row, "said_in": "command"} for row in changes(state)]
    newest = {word["period"]: number for number, word in enumerate(words)}
    kept = {
        row["period"]: int(row["figures"])
        for row in state.rows("select period, count(*) as figures from closed_figure group by period")
    }
    for number, word in enumerate(words):
        is_current = newest[word["period"]] == number
        word["is_current"] = "true" if is_current else "false"
        word["kept_figures"] = kept.get(word["period"], 0) if is_current else 0
    return sorted(words, key=lambda word: (str(word["period"]), word["said_in"] == "command"))


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
