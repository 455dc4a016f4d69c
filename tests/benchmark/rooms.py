"""`python -m tests.benchmark.rooms risk|costing <home>`: what one room's models take on a warehouse that stands.

Here: building every model of the room anew in a home that a night has built, seconds per model, which model and which
rule is the dearest, CPU and peak memory; costing beside the floor's stages that do the same. Not here: writing
deliveries and the night itself (`__main__.py`, which calls this as parts `risk` and `costing`), whether the figures
are right.
The build is a process of its own; parsing the project comes before it and is not counted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.risk import catalogue
from tests.benchmark.measured import ROOT, Taken, measure

SELECT = {
    "risk": ("fqn:yilian.intermediate.risk", "fqn:yilian.marts.risk"),
    "costing": ("fqn:yilian.intermediate.cost", "fqn:yilian.intermediate.payment", "fqn:yilian.marts.cost"),
}
RULE_SHARE_MAX = 0.2
"""No violation rule may take more of its whole room's time than this."""
RULES = frozenset(entry.model for entry in catalogue.load().values())
APART = "int_risk__anomaly"
"""The one model that learns: no rule, and told by itself."""
FLOOR_STAGES = {"costing": ("step-down", "pools and payment", "cases and lines", "case cost", "marts")}
"""The floor's stages that do what the room does."""


@dataclass(frozen=True)
class RoomCost:
    """What a room took.

    Attributes:
        room: its name.
        charge_lines: lines of the warehouse that its models look at.
        taken: the whole process: wall clock and CPU seconds, peak memory in MB.
        seconds: of each model, dearest first.
    """

    room: str
    charge_lines: int
    taken: Taken
    seconds: Mapping[str, float]

    @property
    def models(self) -> float:
        """Seconds of all models together, without the start of dbt."""
        return sum(self.seconds.values()) or 1.0

    @property
    def dearest(self) -> tuple[str, float]:
        """The dearest model, and its share of the time of all models together."""
        name, seconds = next(iter(self.seconds.items()))
        return name, seconds / self.models

    @property
    def dearest_rule(self) -> tuple[str, float] | None:
        """The dearest violation rule, and its share of the time of all models together; None where there is no rule."""
        return next(((name, s / self.models) for name, s in self.seconds.items() if name in RULES), None)

    @property
    def is_even(self) -> bool:
        """Whether no rule takes more than its share; true of a room without rules."""
        return self.dearest_rule is None or self.dearest_rule[1] <= RULE_SHARE_MAX

    def table(self, floor: Mapping[str, float] | None = None, rows: int = 12) -> str:
        """For the terminal: the dearest models, the totals, and the floor's seconds of the same work where known."""
        name, share = self.dearest
        lines = [f"{s:8.2f} s {s / self.models:6.1%}  {model}" for model, s in list(self.seconds.items())[:rows]]
        lines.append(
            f"{self.room}: {len(self.seconds)} models on {self.charge_lines:,} charge lines: wall {self.taken.wall} s, "
            f"CPU {self.taken.cpu} s, peak {self.taken.peak_mb} MB"
        )
        lines.append(f"dearest model {name}: {share:.1%} of all models' time")
        if self.dearest_rule is not None:
            rule, part = self.dearest_rule
            rules = sum(s for model, s in self.seconds.items() if model in RULES)
            lines.append(
                f"dearest rule {rule}: {part:.1%}, {'within' if self.is_even else 'ABOVE'} {RULE_SHARE_MAX:.0%}; "
                f"all rules {rules:.1f} s"
            )
        if APART in self.seconds:
            lines.append(f"the anomaly model: {self.seconds[APART]:.1f} s, {self.seconds[APART] / self.models:.1%}")
        if floor and self.room in FLOOR_STAGES:
            least = sum(floor[stage] for stage in FLOOR_STAGES[self.room])
            lines.append(
                f"floor, {' + '.join(FLOOR_STAGES[self.room])}: {least:.1f} s; "
                f"all models {self.models:.1f} s, {self.models / least:.2f} x"
            )
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """As it is kept in the results."""
        return asdict(self)


def measured(room: str, home: Path, work: Path, environ: Mapping[str, str] | None = None) -> RoomCost:
    """Builds all models of a room anew in a built home.

    Args:
        room: of SELECT.
        home: CONSORTIUM_HOME of a night that has ended; its tables of this room are built over.
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
    taken = measure([*dbt, "run", "--select", *SELECT[room], *places], given, work / "build.log")
    results = json.loads((work / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    in_order = sorted(results, key=lambda each: -each["execution_time"])
    seconds = {each["unique_id"].split(".")[-1]: round(each["execution_time"], 3) for each in in_order}
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        ((lines,),) = connection.execute("select count(*) from intermediate.int_core__charge").fetchall()
    return RoomCost(room, int(lines), taken, seconds)


def main(arguments: list[str] | None = None) -> int:
    """Measures, prints; 1 where a rule takes more than its share."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.rooms", description=__doc__)
    parser.add_argument("room", choices=tuple(SELECT))
    parser.add_argument("home", type=Path, help="CONSORTIUM_HOME of a night that has ended")
    parser.add_argument("--floor", type=Path, help="log of a floor on the same deliveries: its stages stand last")
    options = parser.parse_args(arguments)
    work = Path(tempfile.mkdtemp(prefix="yilian-room-"))
    try:
        cost = measured(options.room, options.home.resolve(), work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    floor = json.loads(options.floor.read_text(encoding="utf-8").splitlines()[-1]) if options.floor else None
    print(cost.table(floor))
    return int(not cost.is_even)


if __name__ == "__main__":
    raise SystemExit(main())
