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

import pytest

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


@pytest.mark.parametrize("stage", [ingesting, building, publishing])
def test_a_killed_night_heals(demo_night: Demo, tmp_path: Path, stage: Callable[[Consortium], bool]) -> None:
    first, _ = demo_night
    consortium = Consortium(tmp_path, first.now)
    shutil.copytree(first.root / "landing", tmp_path / "landing", copy_function=os.link)
    environment = {**{k: v for k, v in os.environ.items() if not k.startswith("CONSORTIUM_")}, **consortium.environ}
    log = (tmp_path / "night.log").open("wb")
    running = subprocess.Popen(
        [sys.executable, "-m", "pipelines", "nightly"], env=environment, stdout=log, stderr=log, start_new_session=True
    )
    deadline = time.monotonic() + 240
    while not stage(consortium):
        assert running.poll() is None, (tmp_path / "night.log").read_text(encoding="utf-8")[-2000:]
        assert time.monotonic() < deadline, "the night never came to this stage"
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()

    finished = consortium.run()
    assert finished.ending == "published", finished.reasons
    (undisturbed,) = first.state.rows("select marts_hash from publication")
    (healed,) = consortium.state.rows("select marts_hash from publication")
    assert healed["marts_hash"] == undisturbed["marts_hash"]
    assert not list((consortium.root / "published").glob("*.tmp"))
