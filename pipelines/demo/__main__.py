"""`python -m pipelines.demo <landing> --size S`: write the demo county."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pipelines.demo import write


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.demo", description=__doc__)
    parser.add_argument("landing", type=Path, help="landing area to write into")
    parser.add_argument("--size", default="S", choices=("S", "M", "L"))
    parser.add_argument("--seed", type=int, default=20261031)
    parser.add_argument("--members", nargs="*", help="only these members")
    parser.add_argument("--periods", nargs="*", help="only these periods, YYYY-MM")
    parser.add_argument("--as-canonical", choices=("csv", "parquet"), help="no dialects, no planted delivery faults")
    parser.add_argument("--quiet", action="store_true")
    options = parser.parse_args(arguments)
    summary = write(
        options.landing, size=options.size, seed=options.seed, members=options.members, periods=options.periods,
        as_canonical=options.as_canonical,
        on_progress=None if options.quiet else lambda line: print(line, file=sys.stderr),
    )  # fmt: skip
    print(
        f"{summary.deliveries} deliveries with {summary.files} files of {len(summary.members)} members "
        f"in {summary.landing}: "
        f"{summary.rows.get('encounters', 0):,} encounter rows, {summary.rows.get('charge_lines', 0):,} charge lines. "
        f"Labels of {summary.violations} planted violations and {summary.faults} faults: {summary.labels}"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
