"""A night without deliveries rebuilds risk when a deadline has passed, and only then (TC-75)."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipelines import warehouse
from pipelines.settings import Settings
from pipelines.state import State

BUILT = "2026-11-01T01:30:00"
MARTS = """
    create schema risk;
    create table risk.follow_up as
        select timestamp '2026-11-02 09:00:00' as respond_by, date '2026-11-10' as rectify_by;
    create table risk.promotion_bar as select date '2029-10-18' as barred_until;
    create table risk.training as select 2026 as calendar_year;
"""


@pytest.mark.parametrize(
    ("now", "is_current"),
    [
        ("2026-11-01T01:30:00", True),
        ("2026-11-02T01:30:00", True),
        ("2026-11-02T09:00:00", False),  # the answer was due
        ("2026-11-03T01:30:00", False),
    ],
)
def test_a_passed_deadline_makes_risk_old(tmp_path: Path, now: str, is_current: bool) -> None:
    settings = Settings.load({"CONSORTIUM_HOME": str(tmp_path), "CONSORTIUM_NOW": now})
    state = State(settings.state_path)
    with duckdb.connect(str(settings.warehouse_path)) as connection:
        connection.execute(MARTS)
    build = {"build_id": "B", "manifest_id": "M", "run_id": "R", "started_at": BUILT, "finished_at": BUILT}
    state.put("build", [build | {"part": part} for part in ("foundation", "measures", "risk")])
    state.put("note", [{"key": "clock:risk", "value": BUILT}])
    assert warehouse.is_current(settings, state, "risk", "B") is is_current
    assert warehouse.is_current(settings, state, "foundation", "B")
    assert not warehouse.is_current(settings, state, "risk", "another build")


@pytest.mark.parametrize(
    ("built", "now"),
    [
        ("2026-11-10T01:30:00", "2026-11-11T01:30:00"),  # the day after the rectification was due
        ("2026-12-31T01:30:00", "2027-01-01T01:30:00"),  # the year of training is over
        ("2029-10-18T01:30:00", "2029-10-19T01:30:00"),  # the bar ends
        ("2026-11-02T10:00:00", "2026-11-02T01:30:00"),  # a clock set back
    ],
)
def test_other_moments(tmp_path: Path, built: str, now: str) -> None:
    settings = Settings.load({"CONSORTIUM_HOME": str(tmp_path), "CONSORTIUM_NOW": now})
    state = State(settings.state_path)
    with duckdb.connect(str(settings.warehouse_path)) as connection:
        connection.execute(MARTS)
    row = {"build_id": "B", "manifest_id": "M", "run_id": "R", "started_at": BUILT, "finished_at": BUILT}
    state.put("build", [row | {"part": "risk"}])
    state.put("note", [{"key": "clock:risk", "value": built}])
    assert not warehouse.is_current(settings, state, "risk", "B")
