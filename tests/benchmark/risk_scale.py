"""`python -m tests.benchmark.risk_scale <home>`: what the whole rule set takes on a warehouse that stands.

Here: building every model of insurance risk anew in a home that a night has built, seconds per model, which is the
dearest, CPU and peak memory. Not here: writing deliveries and the night itself (`__main__.py`, which calls this as part
`risk`), whether the findings are right (`pipelines.risk.score`).
The build is a process of its own; parsing the project comes before it and is not counted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from tests.benchmark.measured import ROOT, Taken, measure

SELECT = ("fqn:yilian.intermediate.risk", "fqn:yilian.marts.risk")
SHARE_MAX = 0.2
"""No rule may take more of the whole set's time than this."""


@dataclass(frozen=True)
class RiskCost:
    """What the rule set took.

    Attributes:
        charge_lines: lines of the warehouse that the rules look at.
        taken: the whole process: wall clock and CPU seconds, peak memory in MB.
        seconds: of each model, dearest first.
    """

    charge_lines: int
    taken: Taken
    seconds: Mapping[str, float]

    @property
    def dearest(self) -> tuple[str, float]:
        """The dearest model, and its share of the time of all models together."""
        name, seconds = next(iter(self.seconds.items()))
        return name, seconds / (sum(self.seconds.values()) or 1.0)

    def table(self, rows: int = 12) -> str:
        """For the terminal: the dearest models and the totals."""
        total = sum(self.seconds.values()) or 1.0
        lines = [f"{seconds:8.2f} s {seconds / total:6.1%}  {name}" for name, seconds in self._first(rows)]
        name, share = self.dearest
        verdict = "within" if share <= SHARE_MAX else "ABOVE"
        return "\n".join([
            *lines,
            f"{len(self.seconds)} models on {self.charge_lines:,} charge lines: wall {self.taken.wall} s, "
            f"CPU {self.taken.cpu} s, peak {self.taken.peak_mb} MB",
            f"dearest {name}: {share:.1%} of all models' time, {verdict} a fifth",
        ])  # fmt: skip

    def _first(self, rows: int) -> Sequence[tuple[str, float]]:
        return list(self.seconds.items())[:rows]

    def to_dict(self) -> dict[str, Any]:
        """As it is kept in the results."""
        return asdict(self)


def measured(home: Path, work: Path, environ: Mapping[str, str] | None = None) -> RiskCost:
    """Builds all models of risk anew in a built home.

    Args:
        home: CONSORTIUM_HOME of a night that has ended; its risk tables are built over.
        work: where dbt's results and logs go.
        environ: further settings (CONSORTIUM_NOW, CONSORTIUM_MEMORY, CONSORTIUM_DRG_TABLES, …).

    Raises:
        FileNotFoundError: there is no warehouse in the home.
        Failed: dbt ended badly; its output is named.
    """
    if not (home / "warehouse.duckdb").exists():
        raise FileNotFoundError(f"{home} holds no warehouse: run a night there first")
    given = {"CONSORTIUM_HOME": str(home), "CONSORTIUM_REFERENCE": str(home / "reference"), **(environ or {})}
    project = ["--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT / "dbt_project")]
    places = [*project, "--target-path", str(work / "target"), "--log-path", str(work / "target")]
    dbt = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors"]
    measure([*dbt, "parse", *places], given, work / "parse.log")
    taken = measure([*dbt, "run", "--select", *SELECT, *places], given, work / "build.log")
    results = json.loads((work / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    in_order = sorted(results, key=lambda each: -each["execution_time"])
    seconds = {each["unique_id"].split(".")[-1]: round(each["execution_time"], 3) for each in in_order}
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        ((lines,),) = connection.execute("select count(*) from intermediate.int_core__charge").fetchall()
    return RiskCost(int(lines), taken, seconds)


def main(arguments: list[str] | None = None) -> int:
    """Measures, prints; 1 where a model takes more than its share."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.risk_scale", description=__doc__)
    parser.add_argument("home", type=Path, help="CONSORTIUM_HOME of a night that has ended")
    options = parser.parse_args(arguments)
    work = Path(tempfile.mkdtemp(prefix="yilian-risk-"))
    try:
        cost = measured(options.home.resolve(), work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(cost.table())
    return int(cost.dearest[1] > SHARE_MAX)


if __name__ == "__main__":
    raise SystemExit(main())
