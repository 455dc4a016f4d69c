"""Judges measured checks with Great Expectations and keeps the verdicts.

Belongs here: building the suite of a gate from its checks, one validation per gate, the traps around it, and the
rows of `governance.gate`. Does not belong here: queries (`measure.py`). Great Expectations is imported inside
`judge`, since importing it takes seconds; it sees counts only, never a row of a member.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipelines.gates.measure import GateError, Measured, as_row
from pipelines.state import State, put

# How many outcomes of one check are remembered.
_KEPT = 40
PASSED, FAILED, ERROR, NOT_APPLICABLE = "passed", "failed", "error", "not applicable"


@dataclass(frozen=True)
class Verdict:
    """A measured check and what was judged of it."""

    measured: Measured
    status: str

    @property
    def name(self) -> str:
        return self.measured.check.name

    @property
    def closes(self) -> bool:
        """Whether this verdict alone keeps the gate closed."""
        return self.measured.check.severity == "error" and self.status in (FAILED, ERROR)

    def sentence(self) -> str:
        """What happened, for a log line."""
        measured = self.measured
        who = f" ({', '.join(measured.members)})" if measured.members else ""
        return (
            f"{self.name} {self.status}{who}: observed {measured.observed}, expected {measured.expected}; "
            f"{measured.violated} of {measured.denominator} violate. {measured.check.note}"
        )


def judge(measured: Sequence[Measured], state: State) -> list[Verdict]:
    """Judges the measures of one gate in one validation.

    Each check becomes two expectations: no violation, and at least `floor` things looked at (an empty frame must
    not pass). A check with floor 0 that looked at nothing is not applicable. A verdict depends on nothing but the
    check and its two counts, so the same counts need no second validation: their outcome is remembered.

    Raises:
        GateError: the validation returned other expectations than were asked for.
    """
    outcome = _remembered(measured, state)
    if unknown := [one for one in measured if f"{one.check.name}__violated" not in outcome]:
        found = _validate(unknown)
        _remember(unknown, found, state)
        outcome |= found
    verdicts = []
    for one in measured:
        no_violation, enough = outcome[f"{one.check.name}__violated"], outcome[f"{one.check.name}__rows"]
        if no_violation != (one.violated == 0) or enough != (one.denominator >= one.check.floor):
            raise GateError(f"check {one.check.name}: the validation contradicts the counts; the gate stays closed")
        status = FAILED if not no_violation else PASSED if enough else ERROR
        if status == PASSED and one.denominator == 0:
            status = NOT_APPLICABLE
        verdicts.append(Verdict(one, status))
    return verdicts


def _key(one: Measured) -> str:
    """What a verdict depends on."""
    check = one.check
    counted = [check.gate, check.name, check.severity, check.floor, check.note, one.violated, one.denominator]
    return hashlib.sha256(json.dumps(counted).encode()).hexdigest()


def _remembered(measured: Sequence[Measured], state: State) -> dict[str, bool]:
    known = {row["key"]: row for row in state.rows("select * from judged")}
    outcome = {}
    for one in measured:
        if row := known.get(_key(one)):
            outcome[f"{one.check.name}__violated"] = bool(row["no_violation"])
            outcome[f"{one.check.name}__rows"] = bool(row["enough"])
    return outcome


def _remember(measured: Sequence[Measured], outcome: dict[str, bool], state: State) -> None:
    """Keeps what was judged; of each check the newest few, so that it does not grow with the nights."""
    rows = [
        {
            "key": _key(one),
            "check_name": f"{one.check.gate} {one.check.name}",
            "no_violation": int(outcome[f"{one.check.name}__violated"]),
            "enough": int(outcome[f"{one.check.name}__rows"]),
        }
        for one in measured
    ]
    with state.transaction() as connection:
        put(connection, "judged", rows)
        connection.execute(
            "delete from judged where rowid not in (select rowid from (select rowid, row_number() over "
            "(partition by check_name order by rowid desc) as age from judged) where age <= ?)",
            (_KEPT,),
        )


def _validate(measured: Sequence[Measured]) -> dict[str, bool]:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx
    import pandas as pd
    from great_expectations.expectations.metadata_types import FailureSeverity

    row: dict[str, int] = {}
    expectations: list[Any] = []
    for one in measured:
        row |= as_row(one)
        severity = FailureSeverity.CRITICAL if one.check.severity == "error" else FailureSeverity.WARNING
        for column, low, high in (
            (f"{one.check.name}__violated", 0, 0),
            (f"{one.check.name}__rows", one.check.floor, None),
        ):
            expectations.append(
                gx.expectations.ExpectColumnValuesToBeBetween(
                    column=column, min_value=low, max_value=high, severity=severity, notes=one.check.note
                )
            )
    suite = gx.ExpectationSuite(name=f"gate {measured[0].check.gate}", expectations=expectations)
    if len(suite.expectations) != 2 * len(measured):
        raise GateError(f"the suite holds {len(suite.expectations)} expectations instead of {2 * len(measured)}")
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    source = context.data_sources.add_pandas("aggregates")
    batch = (
        source.add_dataframe_asset("gate")
        .add_batch_definition_whole_dataframe("night")
        .get_batch({"dataframe": pd.DataFrame([row])})
    )
    result = batch.validate(suite, result_format="BOOLEAN_ONLY")
    outcome = {
        each.expectation_config.kwargs["column"]: bool(each.success)
        for each in result.results
        if each.expectation_config is not None
    }
    if set(outcome) != set(row):
        raise GateError(f"no verdict on {', '.join(sorted(set(row) - set(outcome)))}; the gate stays closed")
    return outcome


def record(
    state: State, verdicts: Sequence[Verdict], *, run_id: str, build_id: str, revision: int, at: datetime
) -> None:
    """Keeps the verdicts as rows of `governance.gate`; a later verdict of the same run and check replaces it."""
    state.put(
        "gate",
        [
            {
                "run_id": run_id,
                "build_id": build_id,
                "revision": revision,
                "gate": str(verdict.measured.check.gate),
                "check_name": verdict.name,
                "severity": verdict.measured.check.severity,
                "status": verdict.status,
                "observed": verdict.measured.observed,
                "expected": verdict.measured.expected,
                "violated": verdict.measured.violated,
                "denominator": verdict.measured.denominator,
                "members": "|".join(verdict.measured.members),
                "owner": verdict.measured.check.owner,
                "note": verdict.measured.check.note,
                "checked_at": at.isoformat(timespec="seconds"),
            }
            for verdict in verdicts
        ],
    )
