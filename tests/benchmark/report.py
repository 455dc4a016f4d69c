"""What was measured as a table: minima, ratios to the floor, and the page's targets beside them.

Here: arithmetic on results and words. Not here: measuring.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.benchmark.measured import Taken

NIGHT_TIMES, NIGHT_PLUS = 2.0, 20.0
STRETCH_TIMES, STRETCH_PLUS = 1.5, 15.0
NOTHING_NEW = 20.0
REDELIVERED_SHARE = 0.15
PEER_TIMES = 3.0
PEAK_MB = 3000

Row = Sequence[object]


def best(taken: Sequence[Taken]) -> Taken:
    """The run with the least CPU: on a busy machine wall says how busy it was."""
    return min(taken, key=lambda one: one.cpu)


def rows(results: Mapping[str, Sequence[Taken]]) -> Iterator[Row]:
    """Part, fastest wall, least CPU, largest peak, ratios to the floor, load."""
    floor = results.get("floor")
    for part, taken in results.items():
        wall, cpu = min(one.wall for one in taken), min(one.cpu for one in taken)
        times = [
            f"{mine / min(getattr(one, name) for one in floor):.2f}" if floor else "-"
            for mine, name in ((wall, "wall"), (cpu, "cpu"))
        ]
        loads = [load for one in taken for load in one.load]
        yield part, f"{wall:.1f}", f"{cpu:.1f}", max(one.peak_mb for one in taken), *times, f"{min(loads)}-{max(loads)}"


def targets(results: Mapping[str, Sequence[Taken]]) -> Iterator[Row]:
    """Target, what it asks, what was measured, whether it is met; by wall clock and by CPU seconds.

    CPU seconds stand beside because wall says little on a busy machine. Work that runs on both cores
    takes less by the clock than in CPU seconds, work that waits takes more.
    """
    for name in ("wall", "cpu"):
        least = {part: min(getattr(one, name) for one in taken) for part, taken in results.items()}
        night, floor, idle = least.get("night"), least.get("floor"), least.get("nothing-new")
        again, peer = least.get("one-redelivered"), least.get("pandas")
        if night is not None and floor is not None:
            yield verdict(
                name,
                f"night at most {NIGHT_TIMES:g} x floor + {NIGHT_PLUS:g} s",
                NIGHT_TIMES * floor + NIGHT_PLUS,
                night,
            )
            yield verdict(
                name,
                f"stretch: {STRETCH_TIMES:g} x floor + {STRETCH_PLUS:g} s",
                STRETCH_TIMES * floor + STRETCH_PLUS,
                night,
            )
        if idle is not None:
            yield verdict(name, "nothing new", NOTHING_NEW, idle)
        if idle is not None and again is not None and night is not None:
            allowed = idle + REDELIVERED_SHARE * (night - idle)
            yield verdict(name, f"one re-delivered: nothing new + {REDELIVERED_SHARE:.0%} of the rest", allowed, again)
        if peer is not None and night is not None and idle is not None:
            yield verdict(
                name, f"night without fixed cost at most pandas / {PEER_TIMES:g}", peer / PEER_TIMES, night - idle
            )
    if "night" in results:
        yield verdict("MB", "peak of the night", PEAK_MB, max(one.peak_mb for one in results["night"]))
        if "pandas" in results:
            peak = max(one.peak_mb for one in results["pandas"])
            yield verdict(
                "MB", "peak at most a third of pandas", peak / 3, max(one.peak_mb for one in results["night"])
            )


def verdict(unit: str, what: str, allowed: float, measured: float) -> Row:
    """One line of the targets."""
    return unit, what, f"{allowed:.1f}", f"{measured:.1f}", "met" if measured <= allowed else "MISSED"


def page(size: str, results: Mapping[str, Mapping[str, Sequence[Taken]]], big: Mapping[str, Any] | None) -> str:
    """All tables of a run."""
    parts = []
    for kind, of_kind in results.items():
        if not of_kind:
            continue
        runs = max(len(taken) for taken in of_kind.values())
        parts.append(f"size {size}, delivered as {kind}, fastest of {runs}")
        heads = ["part", "wall s", "CPU s", "peak MB", "x floor (wall)", "x floor (CPU)", "load"]
        parts.append(grid(heads, list(rows(of_kind))))
        if judged := list(targets(of_kind)):
            parts.append(grid(["in", "target", "allowed", "measured", ""], judged))
    if big is not None:
        what = f"CSV of {big['megabytes']} MB, {big['rows']} rows: {big['seconds']} s, {big['cpu']} CPU s"
        parts.append(
            grid(["in", "target", "allowed", "measured", ""], [verdict("MB", what, big["limit_mb"], big["peak_mb"])])
        )
    return "\n\n".join(parts)


def grid(heads: Sequence[str], lines: Sequence[Row]) -> str:
    """A plain table."""
    cells = [[str(cell) for cell in line] for line in (heads, *lines)]
    widths = [max(len(line[n]) for line in cells) for n in range(len(heads))]
    drawn = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([drawn[0], "  ".join("-" * width for width in widths), *drawn[1:]])
