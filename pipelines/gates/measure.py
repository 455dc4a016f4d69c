"""What a gate checks: checks as data, and their aggregates measured in DuckDB.

Belongs here: the shape of a check, reading `expectations/marts/*.yml`, and one aggregate query per check. Does not
belong here: the judgement (`verdict.py`, Great Expectations) and what follows from it (`guard.py`, `members.py`).

A check's query yields one row per thing looked at, with the columns

    member_id    whose it is, NULL for the consortium
    subject      what was looked at, readable ('2026-10 H01 labour')
    observed     what stands there
    expected     what should stand there
    violated     how many of the `denominator` things break the rule
    denominator  how many things were looked at
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from pipelines.settings import PROJECT

if TYPE_CHECKING:
    import duckdb

SEVERITIES = ("error", "warning")
MART_CHECKS = PROJECT / "expectations" / "marts"


class GateError(RuntimeError):
    """A gate cannot be judged: a check is malformed or its query fails. A gate that can't be judged is closed."""


@dataclass(frozen=True)
class Check:
    """One check of a gate.

    Attributes:
        gate: 1 (member), 2 (consortium identities) or 3 (what is about to be published).
        severity: `error` closes the gate (gate 1: holds the member back), `warning` is shown.
        floor: how many things must at least have been looked at; below it the check is an error, not a pass.
        query: see the module.
        applies_to: a query of one number: how much there is that the check is about. Where that is nothing (a
            consortium without a ledger) the floor does not hold and the check is not applicable; where there is
            anything the floor holds.
    """

    name: str
    gate: int
    severity: str
    owner: str
    note: str
    query: str
    floor: int = 1
    applies_to: str = ""

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise GateError(f"check {self.name}: severity {self.severity!r} is none of {', '.join(SEVERITIES)}")


@dataclass(frozen=True)
class Measured:
    """The aggregates of one check: counts, and the worst thing seen in words."""

    check: Check
    violated: int
    denominator: int
    observed: str
    expected: str
    members: tuple[str, ...]
    subjects: tuple[tuple[str, str], ...] = ()


def load_checks(gate: int, folder: Path = MART_CHECKS) -> list[Check]:
    """The checks of a gate from `expectations/marts/*.yml`, in the order of their files.

    Raises:
        GateError: a file has unknown keys, lacks one, or names a check twice.
    """
    found: dict[str, Check] = {}
    for path in sorted(folder.glob("*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if content.get("gate") != gate:
            continue
        for name, body in content["checks"].items():
            if name in found:
                raise GateError(f"{path.name}: check {name} stands twice")
            try:
                found[name] = Check(name=name, gate=gate, **body)
            except TypeError as error:
                raise GateError(f"{path.name}: check {name}: {error}") from None
    if not found:
        raise GateError(f"gate {gate} has no checks in {folder}: an empty gate would pass everything")
    return list(found.values())


def measure(connection: duckdb.DuckDBPyConnection, checks: Iterable[Check]) -> list[Measured]:
    """Runs each check's query and adds it up; offending values stay out, only counts and aggregates come back.

    Raises:
        GateError: a query fails; names the check and the database's words.
    """
    return [_measure(connection, check) for check in checks]


def _measure(connection: duckdb.DuckDBPyConnection, check: Check) -> Measured:
    import duckdb

    try:
        if check.applies_to and not (connection.execute(check.applies_to).fetchone() or (0,))[0]:
            check = replace(check, floor=0)
        total = connection.execute(
            f"""
            with looked_at as ({check.query})
            select coalesce(sum(violated), 0)::bigint, coalesce(sum(denominator), 0)::bigint,
                   string_agg(distinct member_id, '|' order by member_id) filter (violated > 0)
            from looked_at
            """
        ).fetchone()
        worst = connection.execute(
            f"""
            with looked_at as ({check.query})
            select member_id, subject, observed::varchar as observed, expected::varchar as expected, violated
            from looked_at order by violated desc, subject limit 20
            """
        ).fetchall()
    except duckdb.Error as error:
        raise GateError(f"gate {check.gate}, check {check.name}: {error}") from None
    assert total is not None
    violated, denominator, members = total
    first: tuple[Any, ...] = worst[0] if worst else (None, "nothing", "nothing", "something", 0)
    where = f"{first[1]}: " if first[1] and violated else ""
    return Measured(
        check=check,
        violated=violated,
        denominator=denominator,
        observed=f"{where}{first[2]}",
        expected=str(first[3]),
        members=tuple(members.split("|")) if members else (),
        subjects=tuple((row[0] or "", row[1] or "") for row in worst if row[4] > 0),
    )


def as_row(measured: Measured) -> Mapping[str, int]:
    """The two numbers of a check that are judged."""
    return {f"{measured.check.name}__violated": measured.violated, f"{measured.check.name}__rows": measured.denominator}
