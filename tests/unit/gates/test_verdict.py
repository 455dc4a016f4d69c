"""Checks are measured in DuckDB and judged by Great Expectations: what passes, what fails, and what may not pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.gates import Check, GateError, judge, load_checks, measure, record
from pipelines.gates import verdict as verdict_room
from pipelines.gates.verdict import validations
from pipelines.state import State


def check(name: str, query: str, *, severity: str = "error", floor: int = 1) -> Check:
    return Check(name=name, gate=2, severity=severity, owner="finance office", note="n", query=query, floor=floor)


ROWS = """
    select member_id, subject, observed, expected, violated, denominator from (values
        ('H01', 'H01 labour', 10.00, 10.00, 0, 4),
        ('T02', 'T02 drug', 9.99, 10.00, 1, 3)) as t(member_id, subject, observed, expected, violated, denominator)
"""
EMPTY = f"select * from ({ROWS}) where false"
GOOD = f"select * from ({ROWS}) where violated = 0"


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state.sqlite")


def test_a_violation_is_failed_named_and_counted(state: State) -> None:
    (measured,) = measure(duckdb.connect(), [check("conserves", ROWS)])
    (verdict,) = judge([measured], state)
    assert (verdict.status, verdict.closes) == ("failed", True)
    assert (measured.violated, measured.denominator, measured.members) == (1, 7, ("T02",))
    assert measured.observed == "T02 drug: 9.99"
    assert "T02" in verdict.sentence()
    assert "1 of 7 violate" in verdict.sentence()


@pytest.mark.parametrize(
    ("query", "floor", "severity", "status", "closes"),
    [
        (GOOD, 1, "error", "passed", False),
        (EMPTY, 1, "error", "error", True),
        (EMPTY, 0, "error", "not applicable", False),
        (EMPTY, 1, "warning", "error", False),
        (ROWS, 1, "warning", "failed", False),
        (GOOD, 5, "error", "error", True),
    ],
)
def test_the_four_states_of_a_check(
    query: str, floor: int, severity: str, status: str, closes: bool, state: State
) -> None:
    (verdict,) = judge(measure(duckdb.connect(), [check("c", query, severity=severity, floor=floor)]), state)
    assert (verdict.status, verdict.closes) == (status, closes)


@pytest.mark.parametrize(
    ("query", "there", "status"),
    [(EMPTY, 0, "not applicable"), (EMPTY, 1, "error"), (GOOD, 0, "passed"), (ROWS, 0, "failed"), (GOOD, 7, "passed")],
)
def test_a_check_that_is_about_nothing_does_not_apply_and_keeps_its_floor_elsewhere(
    query: str, there: int, status: str, state: State
) -> None:
    about = replace(check("c", query), applies_to=f"select {there}")
    (verdict,) = judge(measure(duckdb.connect(), [about]), state)
    assert verdict.status == status


def test_many_checks_are_judged_in_one_validation(state: State) -> None:
    checks = [check(f"c{number}", ROWS if number % 2 else GOOD) for number in range(6)]
    assert [verdict.status for verdict in judge(measure(duckdb.connect(), checks), state)] == ["passed", "failed"] * 3


def test_a_query_that_fails_names_its_check() -> None:
    with pytest.raises(GateError, match="check looks_at_nothing"):
        measure(duckdb.connect(), [check("looks_at_nothing", "select * from there_is_no_such_table")])


def test_checks_come_from_files_and_an_empty_gate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(
        "gate: 2\nchecks:\n  one: {severity: error, owner: o, note: n, query: select 1}\n", encoding="utf-8"
    )
    assert [each.name for each in load_checks(2, tmp_path)] == ["one"]
    with pytest.raises(GateError, match="gate 3 has no checks"):
        load_checks(3, tmp_path)
    (tmp_path / "b.yml").write_text("gate: 3\nchecks:\n  two: {severty: error}\n", encoding="utf-8")
    with pytest.raises(GateError, match="two"):
        load_checks(3, tmp_path)


def test_verdicts_become_rows_of_governance_gate(state: State) -> None:
    verdicts = judge(measure(duckdb.connect(), [check("conserves", ROWS)]), state)
    record(state, verdicts, run_id="r", build_id="b", revision=3, at=datetime(2026, 11, 1, 1, 30))
    (row,) = state.rows("select * from gate")
    assert (row["gate"], row["status"], row["members"], row["revision"]) == ("2", "failed", "T02", 3)


def test_the_same_counts_are_validated_once_and_other_counts_again(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    validate = verdict_room._validate
    monkeypatch.setattr(
        verdict_room, "_validate", lambda them: asked.append([one.check.name for one in them]) or validate(them)
    )
    both = [check("good", GOOD), check("bad", ROWS)]
    first = judge(measure(duckdb.connect(), both), state)
    again = judge(measure(duckdb.connect(), both), state)
    other = judge(measure(duckdb.connect(), [check("good", EMPTY), check("bad", ROWS)]), state)
    assert asked == [["good", "bad"], ["good"]]
    assert [one.status for one in first] == [one.status for one in again] == ["passed", "failed"]
    assert [one.status for one in other] == ["error", "failed"]


def test_data_docs_hold_what_the_newest_judgement_stands_on_in_the_engines_words(state: State) -> None:
    """Remembered verdicts and new ones side by side; counts and the note of the check, no member and no subject."""
    judge(measure(duckdb.connect(), [check("good", GOOD), check("bad", GOOD)]), state)
    judge(measure(duckdb.connect(), [check("good", GOOD), check("bad", ROWS)]), state)
    said = validations(state)["2"]
    assert [(each["sentence"], each["success"], each["result"]["observed_value"]) for each in said] == [
        ("good__violated maximum value must be 0", True, 0),
        ("good__rows maximum value must be greater than or equal to 1.", True, 4),
        ("bad__violated maximum value must be 0", False, 1),
        ("bad__rows maximum value must be greater than or equal to 1.", True, 7),
    ]
    assert {each["expectation_config"]["notes"] for each in said} == {"n"}
    assert "T02" not in str(said)
    assert "H01" not in str(said)
