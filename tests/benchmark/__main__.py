"""`python -m tests.benchmark --size S|M|L`: the night beside its floor, ratios within one run.

Every part runs in a fresh process and a home of its own, interleaved, several times; the fastest counts (spec of
performance, docs/benchmark.md). Results stand as JSON under .yilian/benchmark/ and are printed as a table.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from tests.benchmark import big_csv, ledger_scale, report, rooms
from tests.benchmark.landings import Format, copied, deliver_anew, landing, typical_member
from tests.benchmark.measured import ROOT, Failed, Taken, measure

HOME = ROOT / ".yilian" / "benchmark"
PARTS = ("floor", "night", "nothing-new", "one-redelivered", "pandas", "big-csv", "ledger", *rooms.SELECT)
OF_THEIR_OWN = {"big-csv", "ledger"}  # parts that make what they read
USUAL = ("floor", "night", "nothing-new", "one-redelivered", "pandas")
RUNS = {"S": 3, "M": 1, "L": 1}
FORMATS: dict[str, tuple[Format, ...]] = {"S": ("csv", "parquet"), "M": ("csv", "parquet"), "L": ("parquet",)}
CLOCK = "2026-11-02T01:30:00"
"""The night's clock: after every delivery, the one delivered anew included."""

Results = dict[str, list[Taken]]


def main(arguments: list[str] | None = None) -> int:
    """Parses the command line, runs, prints; 1 where a measured command failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description=__doc__)
    parser.add_argument("--size", default="S", choices=("S", "M", "L"))
    parser.add_argument("--runs", type=int, help="interleaved runs; default: 3 at S, 1 else")
    parser.add_argument(
        "--parts", help=f"of {','.join(PARTS)}; default: {','.join(USUAL)}; nothing-new, one-redelivered need night"
    )
    parser.add_argument("--formats", help="csv,parquet: what the members deliver; default: both, at L Parquet")
    parser.add_argument(
        "--into", type=Path, default=HOME, help=f"where deliveries, homes and results go; default: {HOME}"
    )
    parser.add_argument("--keep", action="store_true", help="keep homes and publications of the runs")
    options = parser.parse_args(arguments)
    parts = tuple(options.parts.split(",")) if options.parts else USUAL
    formats = tuple(options.formats.split(",")) if options.formats else FORMATS[options.size]
    runs = options.runs or RUNS[options.size]
    if unknown := sorted(set(parts) - set(PARTS)) + sorted(set(formats) - {"csv", "parquet"}):
        parser.error(f"unknown: {', '.join(unknown)}")
    if {"nothing-new", "one-redelivered"} & set(parts) and "night" not in parts:
        parser.error("a night with nothing new needs a night before it: add night to --parts")
    stamp = datetime.now().strftime("%Y%m%dT%H%M%S")
    work = options.into.resolve() / f"work-{options.size}-{stamp}"
    results: dict[str, Results] = {}
    by_room: dict[str, list[rooms.RoomCost]] = {}
    try:
        for kind in formats if set(parts) - OF_THEIR_OWN else ():
            run = Run(options.into.resolve(), options.size, kind, work / kind)
            results[kind] = run.times(runs, parts)
            by_room[kind] = [
                rooms.measured(room, run.built(), work / kind / room, {"CONSORTIUM_NOW": CLOCK})
                for room in rooms.SELECT
                if room in parts
            ]
        found = big_csv.measured(work / "big-csv") if "big-csv" in parts else None
        ledger = ledger_scale.measured(work / "ledger") if "ledger" in parts else None
    except Failed as failed:
        print(failed, file=sys.stderr)
        return 1
    document = {
        "size": options.size,
        "at": stamp,
        "cores": os.cpu_count(),
        "runs": runs,
        "results": {
            kind: {part: [asdict(one) for one in taken] for part, taken in r.items()} for kind, r in results.items()
        },
        "big_csv": found,
        "rooms": {kind: [cost.to_dict() for cost in costs] for kind, costs in by_room.items()},
        "ledger": ledger.to_dict() if ledger else None,
    }
    options.into.mkdir(parents=True, exist_ok=True)
    path = options.into / f"{options.size}-{stamp}.json"
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    print(report.page(options.size, results, found))
    for kind, costs in by_room.items():
        floor = results[kind].get("floor")
        stages = json.loads(floor[0].said) if floor else None
        for cost in costs:
            print(f"\n{cost.room} by itself, {kind}\n{cost.table(stages)}")
    if ledger:
        print(f"\nthe ledger by itself\n{ledger.table()}")
    print(f"\nkept in {path}")
    if not options.keep:
        shutil.rmtree(work, ignore_errors=True)
    return 0


class Run:
    """All parts on the deliveries of one size and format."""

    def __init__(self, into: Path, size: str, kind: Format, work: Path) -> None:
        self._work = work
        self._landing = landing(into / "landings", size, kind)
        self._member = typical_member(self._landing)

    def times(self, runs: int, parts: tuple[str, ...]) -> Results:
        """Every part once, then every part again: a busy minute of the machine hits all of them alike."""
        ways: dict[str, Callable[[Path], Taken]] = {
            "floor": self._floor,
            "night": self._night,
            "nothing-new": self._nothing_new,
            "one-redelivered": self._one_redelivered,
            "pandas": self._pandas,
        }
        results: Results = defaultdict(list)
        for number in range(runs):
            folder = self._work / str(number)
            for part, way in ways.items():
                if part in parts:
                    taken = way(folder)
                    results[part].append(taken)
                    said = f"{taken.wall} s, {taken.cpu} CPU s, {taken.peak_mb} MB, load {taken.load}"
                    print(f"{part} {number + 1}: {said}", file=sys.stderr)
        return dict(results)

    def built(self) -> Path:
        """The home of the first night, which is run now where it was not measured."""
        folder = self._work / "0"
        if not (folder / "night" / "home" / "warehouse.duckdb").exists():
            self._night(folder)
        return folder / "night" / "home"

    def _floor(self, folder: Path) -> Taken:
        target = folder / "floor"
        command = [sys.executable, "-m", "tests.benchmark.floor", str(self._landing), str(target)]
        return measure(command, {"CONSORTIUM_KEY": "k"}, folder / "floor.log")

    def _pandas(self, folder: Path) -> Taken:
        command = [sys.executable, "-m", "tests.benchmark.peer", str(self._landing), str(folder / "pandas")]
        return measure(command, {}, folder / "pandas.log")

    def _night(self, folder: Path) -> Taken:
        copied(self._landing, folder / "night" / "landing")
        return self._nightly(folder / "night", folder / "night.log")

    def _nothing_new(self, folder: Path) -> Taken:
        return self._nightly(copied(folder / "night", folder / "nothing-new"), folder / "nothing-new.log")

    def _one_redelivered(self, folder: Path) -> Taken:
        home = copied(folder / "night", folder / "one-redelivered")
        deliver_anew(home / "landing", self._member)
        return self._nightly(home, folder / "one-redelivered.log")

    def _nightly(self, root: Path, log: Path) -> Taken:
        environ = {
            "CONSORTIUM_LANDING": str(root / "landing"),
            "CONSORTIUM_HOME": str(root / "home"),
            "CONSORTIUM_PUBLISHED": str(root / "published"),
            "CONSORTIUM_SEEDS": str(root / "landing" / "_seeds"),
            "CONSORTIUM_KEY": "k",
            "CONSORTIUM_NOW": CLOCK,
        }
        return measure([str(Path(sys.executable).with_name("yilian")), "nightly"], environ, log)


if __name__ == "__main__":
    raise SystemExit(main())
