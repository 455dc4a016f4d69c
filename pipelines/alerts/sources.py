"""Conditions that are alerts, read from the marts and from the state.

Belongs here: running the sources of `sources.yml`, and what the night itself knows (members held back). Does not belong
here: remembering what was raised (`raising`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    import duckdb

    from pipelines.state import State

SEVERITIES = ("info", "yellow", "red")
COLUMNS = (
    "key", "severity", "member_id", "dept_code", "subject", "metric", "value", "threshold", "unit", "respond_by",
    "status",
)  # fmt: skip
STANDING = "member_held_back"
"""The source of members whose newest delivery is not in force."""


class AlertError(RuntimeError):
    """A source of alerts cannot be read; names the source and what is wrong with it."""


@dataclass(frozen=True)
class Source:
    """One query over marts whose rows are alerts."""

    name: str
    area: str
    needs: tuple[str, ...]
    query: str


@dataclass(frozen=True)
class Condition:
    """Something that holds tonight and that somebody has to answer.

    Attributes:
        source: where it comes from; with `key` it is the same alert every night.
        subject: a sentence in Chinese that a reader understands alone; it names no patient and no encounter.
        value, threshold: what was measured and what it may be.
        unit: of both (share, yuan, count, …); empty where the subject says it all.
        status: `open`, or `answered` while the condition still holds but somebody has replied.
    """

    source: str
    area: str
    key: str
    severity: str
    member_id: str | None
    dept_code: str | None
    subject: str
    metric: str
    value: Decimal | None = None
    threshold: Decimal | None = None
    unit: str | None = None
    respond_by: datetime | None = None
    status: str = "open"


@cache
def sources() -> tuple[Source, ...]:
    """The sources of `sources.yml`, in their order."""
    declared = yaml.safe_load(Path(__file__).with_name("sources.yml").read_text(encoding="utf-8"))
    return tuple(Source(name, said["area"], tuple(said["needs"]), said["query"]) for name, said in declared.items())


def of_marts(connection: duckdb.DuckDBPyConnection, at: datetime) -> Iterator[tuple[str, Sequence[Condition]]]:
    """Each source whose marts stand in the warehouse, with what holds of it.

    Args:
        connection: of the warehouse.
        at: the night's clock.

    Raises:
        AlertError: a query fails, hands back other columns, or a severity that nobody knows.
    """
    import duckdb

    found = connection.execute("select table_schema || '.' || table_name from information_schema.tables").fetchall()
    there = {name for (name,) in found}
    for source in sources():
        if not set(source.needs) <= there:
            continue
        query = source.query.replace("{now}", f"timestamp '{at:%Y-%m-%d %H:%M:%S}'")
        try:
            answer = connection.execute(f"select * from ({query}) order by key, severity")
        except duckdb.Error as error:
            raise AlertError(f"alert source {source.name} fails: {error}") from error
        names = tuple(column[0] for column in answer.description or ())
        if names != COLUMNS:
            raise AlertError(
                f"alert source {source.name} yields {', '.join(names)}; it has to yield {', '.join(COLUMNS)}"
            )
        yield source.name, [_condition(source, dict(zip(COLUMNS, row, strict=True))) for row in answer.fetchall()]


def of_state(state: State) -> tuple[str, list[Condition]]:
    """Members whose newest delivery could not be let in tonight, as gate 1 left them."""
    rows = []
    for standing in json.loads(state.note("standings") or "[]"):
        if standing["status"] == "fresh":
            continue
        member, reasons = standing["member_id"], standing["reasons"]
        told = f": {reasons[0]}" + (f" 等{len(reasons)}项" if len(reasons) > 1 else "") if reasons else ""
        word = "沿用旧数据" if standing["status"] == "stale" else "无数据"
        rows.append(
            Condition(
                source=STANDING,
                area="delivery",
                key=f"{member} {standing['status']} {standing['since']}",
                severity="yellow",
                member_id=member,
                dept_code=None,
                subject=f"{member} {word}(自{standing['since']}){told}",
                metric="S3-PERF-06",
                value=Decimal(len(reasons)),
                threshold=Decimal(0),
            )
        )
    return STANDING, rows


def _condition(source: Source, row: dict[str, Any]) -> Condition:
    if row["severity"] not in SEVERITIES:
        raise AlertError(f"alert source {source.name}: severity {row['severity']!r} is none of {', '.join(SEVERITIES)}")
    missing = [name for name in ("key", "subject", "metric", "status") if row[name] is None]
    if missing:
        raise AlertError(
            f"alert source {source.name}: {', '.join(missing)} of {row['key'] or row['member_id']} is empty"
        )
    for name in ("value", "threshold"):
        row[name] = None if row[name] is None else Decimal(str(row[name]))
    return Condition(source=source.name, area=source.area, **row)
