"""A night killed anywhere is run again, and nothing is lost or doubled."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pipelines import night
from tests.integration.consortium import Consortium

Demo = tuple[Consortium, night.Finished]


def started(consortium: Consortium) -> bool:
    return consortium.settings.state_path.exists()


def ingesting(consortium: Consortium) -> bool:
    return started(consortium) and len(consortium.state.rows("select 1 from piece limit 40")) == 40


def building(consortium: Consortium) -> bool:
    return started(consortium) and bool(consortium.state.rows("select 1 from build where finished_at is null"))


def publishing(consortium: Consortium) -> bool:
    return any((consortium.root / "published").glob("*.tmp"))


def kill_when(consortium: Consortium, stage: Callable[[Consortium], bool], log: Path) -> None:
    """Starts a night in a process of its own and kills it, with all its children, at a stage."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CONSORTIUM_", "YILIAN_", "DAGSTER_"))}
    with log.open("wb") as output:
        running = subprocess.Popen(
            [sys.executable, "-m", "pipelines", "nightly"],
            env={**environment, **consortium.environ},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + 300
    while not stage(consortium):
        assert running.poll() is None, f"ended before {stage.__name__}: {log.read_text(encoding='utf-8')[-2000:]}"
        assert time.monotonic() < deadline, f"never came to {stage.__name__}"
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def test_a_night_killed_again_and_again_heals(demo_night: Demo, tmp_path: Path) -> None:
    """Given a night killed in ingest, the next in dbt, the next in publication, the fourth makes the same marts."""
    first, _ = demo_night
    consortium = Consortium(tmp_path, first.now)
    shutil.copytree(first.root / "landing", tmp_path / "landing", copy_function=os.link)
    for stage in (ingesting, building, publishing):
        kill_when(consortium, stage, tmp_path / f"{stage.__name__}.log")
    finished = consortium.run()
    assert finished.ending == "published", finished.reasons
    (undisturbed,) = first.state.rows("select marts_hash from publication")
    (healed,) = consortium.state.rows("select marts_hash from publication")
    assert healed["marts_hash"] == undisturbed["marts_hash"]
    assert not list((consortium.root / "published").glob("*.tmp"))
