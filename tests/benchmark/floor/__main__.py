"""`python -m tests.benchmark.floor <landing> <target>`: runs the floor and says what each stage took."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from tests.benchmark.floor.run import run


def main() -> None:
    """Parses the command line and runs."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.floor", description=__doc__)
    parser.add_argument("landing", type=Path, help="canonical deliveries, CSV or Parquet")
    parser.add_argument("target", type=Path, help="a folder for lake and publication; must be new")
    options = parser.parse_args()
    key = os.environ["CONSORTIUM_KEY"].encode()
    print(json.dumps(run(options.landing, options.target, key)))


if __name__ == "__main__":
    main()
