"""Remembering alerts over nights: what is new, what still holds, what is gone.

Belongs here: the rows of the state's table `alert`, which `governance.alert` shows. Does not belong here: what an alert
is (`sources`), telling anybody (`sending`).

One alert is one row per recipient role. Its number is made of source, key, severity and role, so the same condition
keeps its number, and is told once. A condition that gets worse is another alert; one that went away and comes back
is raised, and told, again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipelines.alerts.recipients import Recipients
from pipelines.alerts.sources import Condition, of_marts, of_state
from pipelines.state import State, put

if TYPE_CHECKING:
    import duckdb

FAILURE = "failed_night"
"""The source of nights that did not publish; the next night that does closes it."""


@dataclass(frozen=True)
class Raised:
    """What a night did to the alerts; `unheard` are areas and severities for which `recipients.csv` names nobody."""

    new: int
    open: int
    answered: int
    closed: int
    unheard: tuple[str, ...] = field(default=())


def raise_alerts(connection: duckdb.DuckDBPyConnection, state: State, recipients: Recipients, at: datetime) -> Raised:
    """Compares what holds tonight with what was raised before, and remembers it.

    A source whose marts don't stand in the warehouse is left as it was.

    Args:
        connection: of the warehouse, all gates open.
        state: holds the table `alert`.
        recipients: who is told of what.
        at: the night's clock.

    Raises:
        AlertError: a source cannot be read.
    """
    judged = [*of_marts(connection, at), of_state(state), (FAILURE, [])]
    conditions = [condition for _, rows in judged for condition in rows]
    return _remember(state, {name for name, _ in judged}, conditions, recipients, at)


def raise_failure(state: State, recipients: Recipients, what: Sequence[str], at: datetime) -> Raised:
    """A night that did not publish, told to who runs the data. Other alerts stay as they are.

    Args:
        what: why, one line each.
    """
    reason = what[0] if what else "没有说明"
    subject = f"{at:%Y-%m-%d} 夜间处理未发布,沿用上一次发布: {reason[:200]}"
    row = Condition(FAILURE, "publication", f"{at:%Y-%m-%d}", "red", None, None, subject, "publication")
    return _remember(state, {FAILURE}, [row], recipients, at)


def _remember(
    state: State, judged: set[str], conditions: Iterable[Condition], recipients: Recipients, at: datetime
) -> Raised:
    known = {row["alert_id"]: row for row in state.rows("select * from alert")}
    stamp = at.isoformat(sep=" ", timespec="seconds")
    rows, unheard, new = {}, set(), 0
    for condition in conditions:
        told = recipients.of(condition.area, condition.severity)
        if not told:
            unheard.add(f"{condition.area} {condition.severity}")
        roles: list[str | None] = [recipient.role for recipient in told]
        for role in roles or [None]:
            row = _row(condition, role, stamp)
            before = known.get(row["alert_id"])
            if before is None or before["status"] == "closed":
                new += 1
            else:
                row |= {name: before[name] for name in ("raised_at", "sent_at")}
            rows[row["alert_id"]] = row
    gone = [
        row | {"status": "closed", "closed_at": stamp}
        for row in known.values()
        if row["source"] in judged and row["status"] != "closed" and row["alert_id"] not in rows
    ]
    with state.transaction() as connection:
        put(connection, "alert", [*rows.values(), *gone])
    answered = sum(row["status"] == "answered" for row in rows.values())
    return Raised(new, len(rows) - answered, answered, len(gone), tuple(sorted(unheard)))


def _row(condition: Condition, role: str | None, stamp: str) -> dict[str, Any]:
    parts = (condition.source, condition.key, condition.severity, role or "")
    return {
        "alert_id": hashlib.sha256("|".join(parts).encode()).hexdigest()[:16],
        "source": condition.source,
        "severity": condition.severity,
        "area": condition.area,
        "member_id": condition.member_id,
        "dept_code": condition.dept_code,
        "subject": condition.subject,
        "metric": condition.metric,
        "value": None if condition.value is None else str(condition.value),
        "threshold": None if condition.threshold is None else str(condition.threshold),
        "unit": condition.unit,
        "recipient_role": role,
        "raised_at": stamp,
        "respond_by": condition.respond_by.isoformat(sep=" ", timespec="seconds") if condition.respond_by else None,
        "status": condition.status,
        "closed_at": None,
        "sent_at": None,
    }
