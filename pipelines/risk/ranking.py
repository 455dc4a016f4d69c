"""How well anomaly scores rank planted oddities, beside a naive baseline.

Belongs here: average precision, the baseline, and the table. Does not belong here: the model (`anomaly`), planting
(`pipelines/demo/oddities.py`).

The baseline is what anybody would try first: how many standard deviations the bill lies from the mean of its DRG.
Cases that carry a planted violation are left out: unlike they are, but of another list.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

Case = tuple[str, str]
"""Member and encounter."""


@dataclass(frozen=True)
class Scored:
    """A case as `risk.anomaly` shows it; `amount` is its bill in yuan."""

    case: Case
    drg_code: str | None
    amount: float
    score: float
    is_flagged: bool


@dataclass(frozen=True)
class Ranking:
    """Average precision of the model and of the baseline, 0 to 1; chance is planted / cases."""

    cases: int
    planted: int
    flagged: int
    planted_flagged: int
    model: float
    baseline: float

    def table(self) -> str:
        """As text."""
        chance = self.planted / self.cases
        return "\n".join(
            [
                f"anomalies: {self.planted} planted among {self.cases} cases, {self.flagged} flagged, "
                f"{self.planted_flagged} of them planted",
                f"{'average precision':<28}{'isolation forest':>18}{'z-score of bill':>18}{'chance':>10}",
                f"{'':<28}{self.model:>18.3f}{self.baseline:>18.3f}{chance:>10.3f}",
            ]
        )


def average_precision(scores: Sequence[float], is_planted: Sequence[bool]) -> float:
    """Mean over the planted of the precision down to their rank; cases of one score share their last rank.

    Raises:
        ValueError: nothing is planted.
    """
    if not any(is_planted):
        raise ValueError("no case is planted: there is nothing to rank")
    pairs = sorted(zip(scores, is_planted, strict=True), key=lambda pair: -pair[0])
    total, hits, seen, at = 0.0, 0, 0, 0
    while at < len(pairs):
        end = at
        while end < len(pairs) and pairs[end][0] == pairs[at][0]:
            end += 1
        mine = sum(planted for _, planted in pairs[at:end])
        hits, seen = hits + mine, seen + end - at
        total += mine * hits / seen
        at = end
    return total / hits


def rank(cases: Sequence[Scored], planted: frozenset[Case], left_out: frozenset[Case]) -> Ranking:
    """Compares the model's order with the baseline's.

    Args:
        cases: of the periods that the labels cover.
        planted: oddities.
        left_out: cases with planted violations.
    """
    kept = [case for case in cases if case.case in planted or case.case not in left_out]
    truth = [case.case in planted for case in kept]
    flagged = [case for case in kept if case.is_flagged]
    return Ranking(
        cases=len(kept),
        planted=sum(truth),
        flagged=len(flagged),
        planted_flagged=sum(case.case in planted for case in flagged),
        model=average_precision([case.score for case in kept], truth),
        baseline=average_precision(z_scores(kept), truth),
    )


def z_scores(cases: Sequence[Scored]) -> list[float]:
    """The baseline: |bill - mean of its DRG| / standard deviation; 0 where the DRG has no spread."""
    bills: dict[str | None, list[float]] = {}
    for case in cases:
        bills.setdefault(case.drg_code, []).append(case.amount)
    spread = {drg: (fmean(all_), stdev(all_) if len(all_) > 1 else math.nan) for drg, all_ in bills.items()}
    out = []
    for case in cases:
        mean, deviation = spread[case.drg_code]
        out.append(abs(case.amount - mean) / deviation if deviation > 0 else 0.0)
    return out


def read_planted(path: Path) -> frozenset[Case]:
    """Planted cases of a demo's label file (`anomalies.csv`, `violations.csv`)."""
    with path.open(encoding="utf-8", newline="") as file:
        return frozenset(
            (row["member_id"], row["encounter_id"]) for row in csv.DictReader(file) if row["is_violation"] == "true"
        )


def read_scored(warehouse: Path, periods: frozenset[str]) -> list[Scored]:
    """Cases of a warehouse or a published file (`risk.anomaly`), opened read-only; all periods where none is named."""
    import duckdb

    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select member_id, encounter_id, drg_code, amount, score, is_flagged, period from risk.anomaly "
            "order by member_id, encounter_id"
        ).fetchall()
    return [
        Scored((member, encounter), drg, float(amount), float(score), flagged)
        for member, encounter, drg, amount, score, flagged, period in rows
        if not periods or period in periods
    ]


def periods_of(warehouse: Path, planted: frozenset[Case]) -> frozenset[str]:
    """The periods in which planted cases were discharged: nothing is planted into the others."""
    import duckdb

    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute("select member_id, encounter_id, period from risk.anomaly").fetchall()
    return frozenset(period for member, encounter, period in rows if (member, encounter) in planted)
