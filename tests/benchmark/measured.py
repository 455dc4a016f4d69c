"""One command in a fresh process, and what it took.

Here: wall clock, CPU seconds and peak memory of a process and its children. Not here: what is run and how often.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Between this process and the command: at exec Linux hands a process's peak memory on to what it becomes, so a command
# started from here would show at least the peak of the benchmark itself.
BETWEEN = """
import json, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as file:
    json.dump([code, used.ru_utime + used.ru_stime, used.ru_maxrss], file)
"""


class Failed(RuntimeError):
    """A measured command ended otherwise than well; the text says where its output is."""


@dataclass(frozen=True)
class Taken:
    """What a command took.

    Attributes:
        wall: seconds by the clock.
        cpu: seconds of CPU, user and system, of the process and the children it waited for.
        peak_mb: resident memory of the largest of these processes, MB.
        load: load average of the machine in the minute before, and in the minute before the end.
        said: last line of its output.
    """

    wall: float
    cpu: float
    peak_mb: int
    load: tuple[float, float]
    said: str


def measure(command: Sequence[str], environ: Mapping[str, str], log: Path) -> Taken:
    """Runs a command to its end; output goes to `log`.

    Raises:
        Failed: it ended with an exit code other than 0.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    before = os.getloadavg()[0]
    with log.open("wb") as output:
        started = time.perf_counter()
        used = log.with_suffix(".used")
        subprocess.run(
            [sys.executable, "-c", BETWEEN, str(used), *command],
            cwd=ROOT, env=clean(environ), stdout=output, stderr=subprocess.STDOUT, check=True,
        )  # fmt: skip
        wall = time.perf_counter() - started
    code, cpu, peak = json.loads(used.read_text())
    if code:
        raise Failed(f"{' '.join(command)} ended with {code}; its output: {log}")
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return Taken(
        round(wall, 2), round(cpu, 2), round(peak / (1024 if sys.platform == "linux" else 1024**2)),
        (round(before, 1), round(os.getloadavg()[0], 1)), lines[-1] if lines else "",
    )  # fmt: skip


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without settings of a consortium, and with those given."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CONSORTIUM_", "YILIAN_", "DAGSTER_"))}
    paths = [*filter(None, [kept.get("PYTHONPATH")]), str(ROOT)]
    return {**kept, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)), **environ}
