"""Judges measured checks with Great Expectations and keeps the verdicts.

Belongs here: building the suite of a gate from its checks, one validation per gate, the traps around it, the
rows of `governance.gate`, and the results in the engine's own words for its Data Docs. Does not belong here: queries
(`measure.py`), and how Data Docs look (`publish.site`). Great Expectations is imported inside `judge`, since importing
it takes seconds; it sees counts only, never a row of a member.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import Template
from typing import Any

from pipelines.gates.measure import GateError, Measured, as_row
from pipelines.state import State, put

# How many outcomes of one check are remembered.
_KEPT = 40
# Notes that name the validations that a gate's newest judgement stands on.
_NOTE = "validated:"
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
    if unknown := [one for one in measured if _columns(one)[0] not in outcome]:
        results = _validate(unknown)
        _remember(unknown, results, state)
        outcome |= {column: result["success"] for column, result in results.items()}
    _note(measured, state)
    verdicts = []
    for one in measured:
        no_violation, enough = (outcome[column] for column in _columns(one))
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


def _columns(one: Measured) -> tuple[str, str]:
    """The columns of a check in the judged frame: how many violate it, and how many were looked at."""
    violated, rows = as_row(one)
    return violated, rows


def _remembered(measured: Sequence[Measured], state: State) -> dict[str, bool]:
    known = {row["key"]: row for row in state.rows("select key, no_violation, enough from validated")}
    outcome: dict[str, bool] = {}
    for one in measured:
        if row := known.get(_key(one)):
            violated, rows = _columns(one)
            outcome |= {violated: bool(row["no_violation"]), rows: bool(row["enough"])}
    return outcome


def _remember(measured: Sequence[Measured], results: Mapping[str, dict[str, Any]], state: State) -> None:
    """Keeps what was judged; of each check the newest few, so that it does not grow with the nights."""
    kept = []
    for one in measured:
        said = [results[column] for column in _columns(one)]
        kept.append({
            "key": _key(one), "check_name": f"{one.check.gate} {one.check.name}",
            "no_violation": int(said[0]["success"]), "enough": int(said[1]["success"]),
            "results": json.dumps(said, ensure_ascii=False),
        })  # fmt: skip
    with state.transaction() as connection:
        put(connection, "validated", kept)
        connection.execute(
            "delete from validated where rowid not in (select rowid from (select rowid, row_number() over "
            "(partition by check_name order by rowid desc) as age from validated) where age <= ?)",
            (_KEPT,),
        )


def _note(measured: Sequence[Measured], state: State) -> None:
    """Notes what the gate's judgement stands on, unless that is noted already: a quiet night writes nothing."""
    key, keys = f"{_NOTE}{measured[0].check.gate}", " ".join(map(_key, measured))
    if state.note(key) != keys:
        state.put("note", [{"key": key, "value": keys}])


def validations(state: State) -> dict[str, list[dict[str, Any]]]:
    """What Great Expectations said in the newest judgement of every gate, for Data Docs; holds counts, no member.

    Returns:
        by gate, two results per check in the order of the checks (no violation; enough looked at): the engine's own
        JSON of a result, with `sentence`, the expectation in its words.
    """
    known = {row["key"]: row["results"] for row in state.rows("select key, results from validated")}
    notes = state.rows("select key, value from note where key like ? order by key", (f"{_NOTE}%",))
    return {
        note["key"].removeprefix(_NOTE): [
            result for key in note["value"].split() if key in known for result in json.loads(known[key])
        ]
        for note in notes
    }


def _validate(measured: Sequence[Measured]) -> dict[str, dict[str, Any]]:
    """One validation of all checks; gives each column's result as the engine's JSON."""
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
        for column, low, high in zip(_columns(one), (0, one.check.floor), (0, None), strict=True):
            # The maximum of a frame of one row is its value, which the result then names as observed.
            expectations.append(
                gx.expectations.ExpectColumnMaxToBeBetween(
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
    result = batch.validate(suite, result_format="BASIC")
    found = _in_its_words(result.results)
    if set(found) != set(row):
        raise GateError(f"no verdict on {', '.join(sorted(set(row) - set(found)))}; the gate stays closed")
    return found


def _in_its_words(results: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """Results as JSON by column, each with its expectation as the engine's renderer words it.

    The renderer takes 10 ms a sentence and gives a template with parameters, so every shape of bounds is rendered once.
    """
    templates: dict[tuple[Any, ...], str] = {}
    found = {}
    for result in results:
        config = result.expectation_config
        if config is None:
            continue
        shape = (config.type, *(config.kwargs.get(bound) for bound in ("min_value", "max_value")))
        if shape not in templates:
            result.render()
            templates[shape] = config.rendered_content[0].value.template
            result.rendered_content = config.rendered_content = None
        said = result.to_json_dict()
        kwargs = said["expectation_config"]["kwargs"]
        kwargs.pop("batch_id", None)
        bounds = {name: f"{value:g}" if isinstance(value, float) else value for name, value in kwargs.items()}
        found[kwargs["column"]] = said | {"sentence": Template(templates[shape]).safe_substitute(bounds)}
    return found


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
