"""Publication in a process of its own, ended without warning: by SIGKILL, and by a disk that takes no more."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.publish import publications, publish, verify
from pipelines.settings import Settings
from pipelines.state import State

CHILD = """
import sys
from datetime import datetime
from pipelines.publish import publish
from pipelines.settings import Settings
from pipelines.state import State
settings = Settings.load()
print("ready", flush=True)
publish(settings, State(settings.state_path), run_id=sys.argv[1], build_id="b", clock=datetime(2026, 11, 1, 1, 30))
print("published", flush=True)
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A home with one mart of a size that takes a moment to write."""
    environ = {"CONSORTIUM_HOME": str(tmp_path / "home"), "CONSORTIUM_PUBLISHED": str(tmp_path / "published")}
    settings = Settings.load(environ)
    (settings.home / "reference").mkdir(parents=True)
    (settings.home / "reference/members.csv").write_text("member_id,joined_on\nH01,\n")
    settings.in_force.mkdir()
    line = {
        "member_id": "H01",
        "extract": "payroll",
        "period": "2026-10",
        "version": "v",
        "status": "accepted",
    }
    day = datetime(2026, 10, 31).date()
    pl.DataFrame([{**line, "reason": "", "delivery_date": day}]).write_parquet(settings.in_force / "_manifest.parquet")
    with duckdb.connect(str(settings.warehouse_path)) as connection:
        connection.execute(
            "create schema cost; create table cost.case_cost as select 'H01' as member_id, 'E' || i as encounter_id, "
            "cast(hash(i) % 1000000 as decimal(18,2)) as total_cost, 0 as stamp from range(120000) r(i)"
        )
    State(settings.state_path).put("gate", [{
        "run_id": "r", "build_id": "b", "revision": 0, "gate": gate, "check_name": "c", "severity": "error",
        "status": "passed", "observed": "", "expected": "", "violated": 0, "denominator": 1, "members": "", "owner": "",
        "note": "", "checked_at": "2026-11-01",
    } for gate in "123"])  # fmt: skip
    publish(settings, State(settings.state_path), run_id="run-0", build_id="b", clock=datetime(2026, 11, 1, 1, 30))
    return environ


def child(environ: dict[str, str], run: str, limit: int | None = None) -> subprocess.Popen[str]:
    """Starts a publication; `limit` is the size in bytes at which the disk takes no more of a file."""

    def full() -> None:
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, "-c", CHILD, run],
        env={**os.environ, **environ},
        preexec_fn=full,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def stamps(environ: dict[str, str]) -> set[tuple[int]]:
    current = Path(environ["CONSORTIUM_PUBLISHED"]) / "current"
    with duckdb.connect(str(current / "consortium.duckdb"), read_only=True) as connection:
        in_database = set(connection.execute("select distinct stamp from cost.case_cost").fetchall())
    in_parquet = set(duckdb.sql(f"select distinct stamp from '{current}/parquet/cost/case_cost.parquet'").fetchall())
    assert in_database == in_parquet
    return in_database


def change(environ: dict[str, str], stamp: int) -> None:
    with duckdb.connect(str(Settings.load(environ).warehouse_path)) as connection:
        connection.execute(f"update cost.case_cost set stamp = {stamp}")


def test_killed_at_any_moment_readers_find_a_whole_publication_and_the_next_run_heals(environ):
    """Kills at moments spread over a whole publication (the seed makes them the same in every run)."""
    settings = Settings.load(environ)
    started = time.monotonic()
    whole = child(environ, "measure")
    assert whole.stdout is not None
    whole.stdout.readline()
    ready = time.monotonic()
    assert whole.wait(120) == 0
    duration = time.monotonic() - ready
    assert started < ready
    chance = random.Random(20261101)
    for stamp in range(1, 7):
        change(environ, stamp)
        before = stamps(environ)
        process = child(environ, f"killed-{stamp}")
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(duration * chance.uniform(0.05, 1.0))
        process.kill()
        process.communicate()
        assert stamps(environ) in (before, {(stamp,)})
    change(environ, 99)
    healed = child(environ, "healed")
    assert healed.wait(120) == 0, healed.communicate()
    assert stamps(environ) == {(99,)}
    assert verify(settings) == []
    left = {path.name for path in settings.published.iterdir()}
    assert left == {each.publication_id for each in publications(settings)} | {"chain", "current", ".lock"}


@pytest.mark.parametrize("limit", [40_000, 200_000, 900_000])
def test_a_full_disk_ends_the_run_with_a_sentence_and_the_next_one_heals(environ, limit):
    settings = Settings.load(environ)
    change(environ, 1)
    process = child(environ, "full", limit)
    _, said = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "PublicationError" in said
    assert "the one before stays in place" in said
    assert stamps(environ) == {(0,)}
    again = child(environ, "again")
    assert again.wait(120) == 0, again.communicate()
    assert stamps(environ) == {(1,)}
    assert [each.record.run_id for each in publications(settings)] == ["run-0", "again"]
    assert verify(settings) == []


def test_two_publishers_at_once_one_waits_its_turn(environ):
    change(environ, 1)
    first, second = child(environ, "one"), child(environ, "two")
    results = {process.args[-1]: (process.communicate(timeout=120), process.returncode) for process in (first, second)}
    codes = sorted(code for _, code in results.values())
    if codes != [0, 0]:  # they met: one published, the other says that the first was at work
        assert codes == [0, 1]
        assert any("another run is publishing" in said for (_, said), code in results.values() if code)
    assert stamps(environ) == {(1,)}
    assert verify(Settings.load(environ)) == []
