"""How long the step-down takes: 10,000 departments, seven cost elements, twelve months, trace included.

    .venv/bin/python -m tests.benchmark.allocation [--months 12]

Two consortia of ten thousand departments: two hundred hospitals of fifty, as a province has them, and one hospital that
is as large as all of them together. Belongs here: the made-up hospitals and the clock. Not here: what the figures must
be (tests/unit/costing), and the night as a whole (`tests.benchmark`).
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time

import polars as pl

from pipelines.costing.frames import allocate_tables

ELEMENTS = ("labour", "consumable", "drug", "depreciation", "amortisation", "risk_fund", "other")
SCALE = 10_000
"""Driver quantities come in ten-thousandths, as the pipeline delivers them."""

Tables = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]


def hospital(member: str, period: str, departments: int, dice: random.Random) -> tuple[list, list, list]:
    """One hospital's costs, senders and driver quantities: admin departments serve all, technical ones thirty."""
    kinds = {"A": min(departments // 20 + 1, 40), "X": departments // 16 + 1, "T": departments // 7 + 1}
    codes = {kind: [f"{kind}{n:05}" for n in range(count)] for kind, count in kinds.items()}
    codes["C"] = [f"C{n:05}" for n in range(departments - sum(kinds.values()))]
    everybody = [code for group in codes.values() for code in group]
    costs = [(period, member, d, "medical", e, dice.randrange(10**8)) for d in ["COMMON", *everybody] for e in ELEMENTS]
    steps = [("A", 1, "headcount"), ("X", 2, "workload:packs"), ("T", 3, "ordered_revenue")]
    senders = [(period, member, "COMMON", 0, "floor_area", None)]
    senders += [(period, member, code, step, driver, None) for kind, step, driver in steps for code in codes[kind]]
    served = [(period, member, "floor_area", "*", d, dice.randrange(10, 1_000) * SCALE) for d in everybody]
    served += [(period, member, "headcount", "*", d, dice.randrange(1, 60) * SCALE) for d in everybody]
    for kind, driver, receivers, most in (
        ("X", "workload:packs", codes["T"] + codes["C"], 5_000),
        ("T", "ordered_revenue", codes["C"], 10**7),
    ):
        for code in codes[kind]:
            chosen = dice.sample(receivers, min(30, len(receivers)))
            served += [(period, member, driver, code, r, dice.randrange(1, most) * SCALE) for r in chosen]
    return costs, senders, served


def tables(hospitals: int, departments: int, month: int) -> Tables:
    """A month's tables as dbt hands them to the engine."""
    dice = random.Random(20261031 + month)
    parts: tuple[list, list, list] = ([], [], [])
    for number in range(hospitals):
        for whole, part in zip(parts, hospital(f"H{number:03}", f"2026-{month:02}", departments, dice), strict=True):
            whole.extend(part)
    names = (
        ["period", "member_id", "dept_code", "cost_layer", "cost_element", "amount_fen"],
        ["period", "member_id", "dept_code", "step", "driver", "fallback_driver"],
        ["period", "member_id", "driver", "sender", "receiver", "quantity"],
    )
    frames = [pl.DataFrame(rows, schema=name, orient="row") for rows, name in zip(parts, names, strict=True)]
    return frames[0], frames[1].with_columns(pl.col("fallback_driver").cast(pl.String)), frames[2]


def main() -> None:
    """Prints one line of JSON per consortium: CPU and wall seconds, lines of the trace, peak memory in MB."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--months", type=int, default=12)
    months = parser.parse_args().months
    for hospitals, departments in ((200, 50), (1, 10_000)):
        cpu = wall = 0.0
        lines = 0
        for month in range(1, months + 1):
            given = tables(hospitals, departments, month)
            began, started = time.process_time(), time.perf_counter()
            trace = allocate_tables(*given)
            cpu, wall = cpu + time.process_time() - began, wall + time.perf_counter() - started
            lines += len(trace)
            passed = trace.filter(pl.col("from_dept") == "COMMON")["amount_fen"].sum()
            assert passed == given[0].filter(pl.col("dept_code") == "COMMON")["amount_fen"].sum(), "a fen is lost"
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        shape = {"hospitals": hospitals, "departments_each": departments, "months": months, "trace_lines": lines}
        print(json.dumps(shape | {"cpu_s": round(cpu, 1), "wall_s": round(wall, 1), "peak_mb": peak}), flush=True)


if __name__ == "__main__":
    main()
