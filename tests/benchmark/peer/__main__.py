"""`python -m tests.benchmark.peer <landing> <target>`: all marts of the peer."""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from tests.benchmark.peer.costs import cases, drg_cost, grouped, step_down
from tests.benchmark.peer.lines import findings
from tests.benchmark.peer.tables import ledger, month, read


def run(landing: Path, target: Path) -> dict[str, pd.DataFrame]:
    """All marts, written to `target` and handed back."""
    target.mkdir(parents=True, exist_ok=True)
    entries = ledger(landing)
    lines = read(landing, "charge_lines").drop_duplicates(["member_id", "charge_id"], keep="last")
    lines["month"] = month(lines.charged_at)
    visits = (
        read(landing, "encounters")
        .drop_duplicates(["member_id", "encounter_id"], keep="last")
        .astype({"member_id": str})
    )
    inpatient = visits.encounter_type == "inpatient"
    visits["case_period"] = visits.ended_at.where(inpatient, visits.started_at).dt.strftime("%Y-%m")
    nights = (visits.ended_at.dt.normalize() - visits.started_at.dt.normalize()).dt.days
    visits["los_days"] = nights.clip(lower=1).where(inpatient)
    lines["member_id"] = lines.member_id.astype(str)
    costs, trace = step_down(landing, entries, lines)
    groups = grouped(landing, visits)
    found = cases(landing, costs, lines, visits, groups)
    marts = {
        "ledger.entry": entries, "cost.department_cost": costs, "cost.allocation_trace": trace, "cost.case_cost": found,
        "cost.drg_cost": drg_cost(found), "risk.finding": findings(landing, lines, visits, groups),
    }  # fmt: skip
    for name, mart in marts.items():
        mart.to_parquet(target / f"{name}.parquet", compression="zstd")
    return marts


def main() -> None:
    """Parses the command line and runs."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.peer", description=__doc__)
    parser.add_argument("landing", type=Path)
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    for name, mart in run(options.landing, options.target).items():
        print(name, len(mart))


if __name__ == "__main__":
    main()
