"""The digest of a recipient: all that is new for a role, in one message.

Belongs here: choosing and wording. Does not belong here: channels (`sending`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pipelines.state import State

WORDS = {"red": "红", "yellow": "黄", "info": "提示"}
MOST_LINES = 40
"""A message that nobody reads to its end tells nothing: the rest is counted, and stands in governance.alert."""


@dataclass(frozen=True)
class Digest:
    """One message. `alert_ids` are the alerts that it tells of, those that are only counted included."""

    role: str
    title: str
    body: str
    alert_ids: tuple[str, ...]


def digests(state: State, at: datetime, source: str | None = None) -> list[Digest]:
    """One digest per role that has open alerts it was not told of yet, worst first.

    Args:
        state: holds the table `alert`.
        at: the day that the title names.
        source: only alerts of this source.
    """
    rows = state.rows(
        "select * from alert where status = 'open' and sent_at is null and recipient_role is not null "
        "and (? is null or source = ?) "
        "order by recipient_role, case severity when 'red' then 1 when 'yellow' then 2 else 3 end, "
        "area, member_id, dept_code, subject, alert_id",
        (source, source),
    )
    by_role: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_role.setdefault(row["recipient_role"], []).append(row)
    return [_digest(role, rows, at) for role, rows in by_role.items()]


def _digest(role: str, rows: Sequence[dict[str, Any]], at: datetime) -> Digest:
    counts = [(word, sum(row["severity"] == severity for row in rows)) for severity, word in WORDS.items()]
    title = f"医联预警 {at:%Y-%m-%d}: " + " ".join(f"{word}{count}" for word, count in counts if count)
    lines = [_line(row) for row in rows[:MOST_LINES]]
    if len(rows) > MOST_LINES:
        lines.append(f"另有 {len(rows) - MOST_LINES} 条,见 governance.alert 或 `yilian alerts`。")
    return Digest(role, title, "\n".join(lines), tuple(row["alert_id"] for row in rows))


def _line(row: dict[str, Any]) -> str:
    text = f"【{WORDS[row['severity']]}】{row['subject']}"
    if row["unit"] and row["value"] is not None:
        text += f" {measured(row['value'], row['unit'])}"
        if row["threshold"] is not None:
            text += f"(界限 {measured(row['threshold'], row['unit'])})"
    if row["respond_by"]:
        text += f" 请于 {row['respond_by'][:16].removesuffix(' 00:00')} 前回应"
    return text


def measured(number: str, unit: str) -> str:
    """A number as people read it: a share in per cent, no more than two decimals of it, no trailing zeros."""
    exact = Decimal(number) * 100 if unit == "share" else Decimal(number)
    rounded = exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP).normalize()
    return f"{rounded:f}%" if unit == "share" else f"{rounded:f}"
