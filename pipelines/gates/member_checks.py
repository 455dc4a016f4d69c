"""The checks of gate 1, and their measurement on the versions that members brought.

Belongs here: the checks of each contract and of `expectations/members/*.yml`, the views they look at, and who is held
back for what. Does not belong here: what a held-back member falls back to (`members.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines import contract
from pipelines.gates.in_force import InForce
from pipelines.gates.measure import Check, GateError, Measured
from pipelines.ledger.close import lay_down_periods
from pipelines.policy import Policy
from pipelines.settings import MISTAKEN_OPTIMIZERS, PROJECT, Settings
from pipelines.state import State

MEMBER_CHECKS = PROJECT / "expectations" / "members"

Key = tuple[str, str, str]


@cache
def all_checks() -> tuple[Check, ...]:
    """The member checks: those of each extract's contract, and those across extracts."""
    found = {}
    for extract in contract.load().extracts.values():
        for check in extract.checks:
            bounds = [("<", check.minimum), (">", check.maximum)]
            broken = " or ".join(f"({check.value}) {sign} {bound}" for sign, bound in bounds if bound is not None)
            expected = "..".join("" if bound is None else str(bound) for _, bound in bounds)
            found[check.name] = Check(
                name=check.name,
                gate=1,
                severity=str(check.severity),
                owner=check.owner,
                note=check.note,
                floor=0,
                query=f"""
                    select member_id, period, period || ' ' || member_id as subject,
                           {check.value} as observed, '{expected}' as expected,
                           case when {broken or "false"} then 1 else 0 end as violated,
                           1 as denominator
                    from {extract.name}
                    group by member_id, period
                """,
            )
    for path in sorted(MEMBER_CHECKS.glob("*.yml")):
        for name, body in yaml.safe_load(path.read_text(encoding="utf-8"))["checks"].items():
            if name in found:
                raise GateError(f"{path.name}: check {name} stands twice")
            found[name] = Check(name=name, gate=1, **body)
    return tuple(found.values())


def judge_members(
    settings: Settings,
    reference: Path,
    policy: Policy,
    candidates: Mapping[Key, InForce],
    changed: Sequence[tuple[str, str]],
    today: date,
) -> tuple[list[Measured], dict[tuple[str, str], list[str]]]:
    """Measures every check on the changed (member, period) pairs; the second answer names who is held back for what."""
    import duckdb

    held: dict[tuple[str, str], list[str]] = {}
    measured: list[Measured] = []
    limits: dict[str, Any] = {
        "memory_limit": settings.memory,
        "threads": settings.threads,
        "disabled_optimizers": MISTAKEN_OPTIMIZERS,
    }
    with duckdb.connect(config=limits) as connection:
        _views(connection, reference, policy, candidates, changed, today)
        lay_down_periods(connection, reference, State(settings.state_path))
        for check in all_checks():
            try:
                rows = connection.execute(
                    f"select member_id, period, subject, observed::varchar, expected::varchar, violated, denominator "
                    f"from ({check.query}) order by violated desc, subject"
                ).fetchall()
            except duckdb.Error as error:
                raise GateError(f"gate 1, check {check.name}: {error}") from None
            bad = [row for row in rows if row[5]]
            for member_id, period, *_ in bad if check.severity == "error" else ():
                held.setdefault((member_id, period), []).append(check.name)
            first = rows[0] if rows else (None, None, "nothing new", "nothing new", "", 0, 0)
            measured.append(
                Measured(
                    check=check,
                    violated=sum(row[5] for row in rows),
                    denominator=sum(row[6] for row in rows),
                    observed=f"{first[2]}: {first[3]}" if bad else str(first[3]),
                    expected=str(first[4]),
                    members=tuple(sorted({row[0] for row in bad})),
                    subjects=tuple((row[0], row[2]) for row in bad[:20]),
                )
            )
    return measured, held


def _views(
    connection: Any,
    reference: Path,
    policy: Policy,
    candidates: Mapping[Key, InForce],
    changed: Sequence[tuple[str, str]],
    today: date,
) -> None:
    """One view per extract over the changed candidates, and the reference data that the checks ask for."""
    paths: dict[str, list[str]] = {}
    pairs = set(changed)
    for (member, name, period), version in candidates.items():
        if (member, period) in pairs:
            paths.setdefault(name, []).append(str(version.path))
    for extract in contract.load().extracts.values():
        if extract.name in paths:
            files = ", ".join("'" + path.replace("'", "''") + "'" for path in sorted(paths[extract.name]))
            connection.execute(f"create view {extract.name} as select * from read_parquet([{files}])")
        else:
            types = {column.name: column.type for column in extract.columns.values()}
            types |= {column: kind for column, (kind, _, _) in contract.ADDRESS.items()}
            empty = ", ".join(f"null::{contract.DUCKDB_TYPES[kind]} as {column}" for column, kind in types.items())
            connection.execute(f"create view {extract.name} as select {empty} where false")
    for seed, dates in (("members", ""), ("account_map", _DATES)):
        file = str(reference / f"{seed}.csv").replace("'", "''")
        connection.execute(f"create view {seed} as select *{dates} from read_csv('{file}', all_varchar=true)")
    tolerance, late = policy.value("unmapped_amount_tolerance", on=today), policy.text("late_voucher_rule", on=today)
    connection.execute(
        f"create view policy as select {tolerance}::decimal(18,2) as unmapped_amount_tolerance, "
        f"'{late}' as late_voucher_rule"
    )


_DATES = " replace (valid_from::date as valid_from, valid_to::date as valid_to)"
