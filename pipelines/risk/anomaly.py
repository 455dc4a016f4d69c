"""Cases that look unlike their peers: robust distances to the group, and an isolation forest over them (S2-RISK-49).

Belongs here: pure functions from a frame of case features to a frame of scores with their reasons in words. Does not
belong here: where features come from (`int_risk__case_feature`), rules, labels (`pipelines.risk.score_anomalies`).

A case is compared twice. Every feature is measured against the cases of its DRG in its department (else wider, until
there are enough): how many robust standard deviations it lies from their median. One forest of the county then isolates
what is rare in these distances together: they mean the same everywhere, and what many cases call usual is better known
than what a department's few do. Nothing hangs on the order of rows: cases are sorted, seeds are fixed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEY = ("period", "member_id", "encounter_id")
FEATURES: Mapping[str, str] = {
    "los": "住院天数",
    "daily_amount": "日均费用",
    "daily_drug": "日均药品费",
    "daily_material": "日均耗材费",
    "daily_exam": "日均检查化验费",
    "daily_treatment": "日均治疗手术费",
    "daily_care": "日均床位护理费",
    "daily_tests": "日均检查化验次数",
    "daily_pieces": "日均耗材件数",
    "daily_lines": "日均收费条数",
    "drug_share": "药占比",
    "exam_share": "检查化验占比",
    "material_share": "耗材占比",
}
"""Features by column, with their Chinese names. Shares are fractions; the others are compared as logarithms."""
PARTITIONS = {"surgical": "外科手术组", "procedural": "非手术室操作组", "medical": "内科组"}
SHARES = frozenset(name for name in FEATURES if name.endswith("_share"))
PEERS: Sequence[tuple[str, ...]] = (
    ("member_id", "dept_code", "drg_code"), ("member_level", "drg_code"), ("drg_code",),
    ("member_level", "mdc", "partition"), ("mdc", "partition"), ("member_level", "partition"), ("partition",), (),
)  # fmt: skip
"""Whom a case is compared with, the closest first; the first group with enough cases counts."""
NORMAL = 1.4826
"""Median absolute deviation of a normal distribution to its standard deviation."""
FARTHEST = 12.0
TREES, SAMPLE, SEED = 100, 2048, 20260101
"""A tree is grown from so many cases that some of the few strange ones are among them."""
UNITS = {"los": "天", "daily_tests": "次", "daily_pieces": "件", "daily_lines": "条"}
"""Units of features that are no money and no share."""


@dataclass(frozen=True)
class Parameters:
    """What `risk_rule_parameters` says of S2-RISK-49.

    Attributes:
        least_peers: cases that a peer group must have.
        least_distance: robust standard deviations from which a feature is named as unusual, and without which no case
            is flagged.
        score_distance: robust standard deviations above the median of all scores from which a case is flagged.
        most_share: share of a month's cases, the strangest ones, beyond which none is flagged: an office can only look
            at so many.
        months: how many months, the case's own included, its peers come from.
    """

    least_peers: int
    least_distance: float
    score_distance: float
    most_share: float
    months: int


def score_frames(cases: pl.DataFrame, parameters: pl.DataFrame) -> pl.DataFrame:
    """`score_cases` over the tables of the warehouse.

    Args:
        cases: `int_risk__case_feature`.
        parameters: `int_risk__rule_parameter` of S2-RISK-49: period, parameter, value.

    Raises:
        LookupError: a period with cases lacks a parameter; names both.
    """
    told: dict[str, dict[str, float]] = {}
    for period, parameter, value in parameters.select("period", "parameter", "value").iter_rows():
        told.setdefault(period, {})[parameter] = float(value)
    wanted = {}
    for period in sorted(set(cases["period"])):
        held = told.get(period, {})
        for name in ("least_peers", "least_distance", "score_distance", "most_share", "peer_months"):
            if name not in held:
                raise LookupError(
                    f"risk_rule_parameters S2-RISK-49 {name} of {period} is missing: add a row to the file"
                )
        wanted[period] = Parameters(
            int(held["least_peers"]),
            held["least_distance"],
            held["score_distance"],
            held["most_share"],
            int(held["peer_months"]),
        )
    return score_cases(cases.with_columns(pl.col(list(FEATURES)).cast(pl.Float64)), wanted)


def score_cases(cases: pl.DataFrame, parameters: Mapping[str, Parameters]) -> pl.DataFrame:
    """Scores every case of every period among the cases of the months before.

    Args:
        cases: one row per discharged case: `KEY`, member_level, dept_code, drg_code, mdc, partition, and a column per
            feature (amounts in yuan, days, shares); a missing feature counts as usual.
        parameters: by period.

    Returns:
        `KEY`, peers (what it was compared with), peer_cases, score (0-1, higher is stranger), is_flagged, top_features
        (Chinese, strangest first), explanation (a sentence, empty where not flagged). A period without parameters
        has no rows. Empty in, empty out.
    """
    out = []
    for period in sorted(set(cases["period"]) & set(parameters)):
        wanted = parameters[period]
        window = cases.filter(
            (pl.col("period") <= period) & (pl.col("period") > _months_before(period, wanted.months))
        ).sort(KEY)
        out.append(_score_period(window, period, wanted))
    return pl.concat(out) if out else _empty()


def _score_period(window: pl.DataFrame, period: str, wanted: Parameters) -> pl.DataFrame:
    """Scores of the period's cases; the months before only say what is usual."""
    names = list(FEATURES)
    measured = distances(window, wanted.least_peers)
    mine = (measured["period"] == period).to_numpy()
    everything = measured.select(names).to_numpy()
    matrix, scores = everything[mine], _forest_scores(everything, mine)
    strange = np.abs(matrix) >= wanted.least_distance
    least = float(np.median(scores)) + wanted.score_distance * _spread(scores)
    least = max(least, float(np.quantile(scores, 1 - wanted.most_share, method="higher")))
    flagged = strange.any(axis=1) & (scores >= least)
    raw = window.filter(pl.col("period") == period).select(names).to_numpy()
    measured = measured.filter(pl.col("period") == period)
    medians = measured.select([f"median_{name}" for name in names]).to_numpy()
    words = [
        [_word(names[k], raw[row][k], medians[row][k]) for k in _top(matrix[row], strange[row])]
        for row in range(len(matrix))
    ]
    peers, sizes = measured["peers"].to_list(), measured["peer_cases"].to_list()
    sentences = [
        f"与{peers[row]}的{sizes[row]}例相比:{';'.join(words[row])}" if flagged[row] else None
        for row in range(len(words))
    ]
    return measured.select(*KEY, "peers", "peer_cases").with_columns(
        score=pl.Series([round(float(score), 6) for score in scores], dtype=pl.Float64),
        is_flagged=pl.Series(flagged.tolist(), dtype=pl.Boolean),
        top_features=pl.Series(words, dtype=pl.List(pl.String)),
        explanation=pl.Series(sentences, dtype=pl.String),
    )


def distances(cases: pl.DataFrame, least_peers: int) -> pl.DataFrame:
    """Each feature as robust standard deviations from the median of the case's peers, within ±12.

    Where the peers are all alike, the deviation of all cases stands in, so that the smallest difference isn't endless.

    Args:
        cases: as in `score_cases`.
        least_peers: cases that a peer group must have.

    Returns:
        `KEY`, peers, peer_cases, a distance per feature under the feature's name, and `median_<feature>` of the peers
        in the feature's own unit.
    """
    names = list(FEATURES)
    told = cases.with_columns(
        [(pl.col(n) if n in SHARES else pl.col(n).log1p()).cast(pl.Float64).alias(f"x_{n}") for n in names]
    )
    overall = {n: _spread(told[f"x_{n}"].drop_nulls().to_numpy()) for n in names}
    for level, by in enumerate(PEERS):
        over: list[str | pl.Expr] = [*by] if by else [pl.lit(1)]
        told = told.with_columns(
            pl.len().over(over).alias(f"size_{level}"),
            *[pl.col(f"x_{n}").median().over(over).alias(f"m_{level}_{n}") for n in names],
        )
        told = told.with_columns(
            [
                ((pl.col(f"x_{n}") - pl.col(f"m_{level}_{n}")).abs().median().over(over) * NORMAL).alias(
                    f"s_{level}_{n}"
                )
                for n in names
            ]
        )
    fits = [
        reduce(lambda a, b: a & b, [pl.col(c).is_not_null() for c in by], pl.lit(True))
        & (pl.col(f"size_{level}") >= least_peers)
        for level, by in enumerate(PEERS)
    ]
    fits[-1] = pl.lit(True)
    told = told.with_columns(_first(fits, [pl.lit(level) for level in range(len(PEERS))]).alias("peer_level"))

    def chosen(prefix: str, suffix: str = "") -> pl.Expr:
        at = [pl.col("peer_level") == level for level in range(len(PEERS))]
        return _first(at, [pl.col(f"{prefix}_{level}{suffix}") for level in range(len(PEERS))])

    columns = []
    for n in names:
        spread = pl.max_horizontal(chosen("s", f"_{n}"), pl.lit(overall[n] / 2 or 1.0))
        z = ((pl.col(f"x_{n}") - chosen("m", f"_{n}")) / spread).clip(-FARTHEST, FARTHEST).fill_null(0.0)
        median = chosen("m", f"_{n}")
        columns += [z.alias(n), (median if n in SHARES else median.exp() - 1).alias(f"median_{n}")]
    words = [_peer_words(by) for by in PEERS]
    return told.select(
        *KEY,
        _first([pl.col("peer_level") == level for level in range(len(PEERS))], words).alias("peers"),
        chosen("size").alias("peer_cases"),
        *columns,
    )


def _forest_scores(matrix: NDArray[np.float64], wanted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Isolation of the wanted rows among all; 0-1."""
    from sklearn.ensemble import IsolationForest

    if len(matrix) < 2:
        return np.zeros(int(wanted.sum()))
    forest = IsolationForest(n_estimators=TREES, max_samples=min(SAMPLE, len(matrix)), random_state=SEED)
    scores: NDArray[np.float64] = -forest.fit(matrix).score_samples(matrix[wanted])
    return scores


def _spread(values: NDArray[np.float64]) -> float:
    return float(np.median(np.abs(values - np.median(values))) * NORMAL) if len(values) else 0.0


def _top(row: NDArray[np.float64], strange: NDArray[np.bool_]) -> list[int]:
    """The three strangest features, by their place."""
    return [int(k) for k in np.argsort(-np.abs(row), kind="stable") if strange[k]][:3]


def _word(name: str, value: float, median: float) -> str:
    if name in SHARES:
        return f"{FEATURES[name]}{value:.1%}(同组中位数{median:.1%})"
    unit = UNITS.get(name, "元")
    return f"{FEATURES[name]}{value:.1f}{unit}(同组中位数{median:.1f}{unit})"


def _peer_words(by: Sequence[str]) -> pl.Expr:
    levels = {"tertiary": "三级", "secondary": "二级", "primary": "基层", "village": "村级"}
    parts: list[pl.Expr] = [pl.lit("")]
    if "dept_code" in by:
        parts.append(pl.lit("本科室"))
    if "member_level" in by:
        parts.append(pl.col("member_level").replace(levels))
    if "drg_code" in by:
        parts += [pl.lit("病组"), pl.col("drg_code")]
    if "mdc" in by:
        parts += [pl.lit("主要诊断大类"), pl.col("mdc")]
    if "partition" in by:
        parts.append(pl.col("partition").replace(PARTITIONS))
    if not by:
        parts.append(pl.lit("全部住院病例"))
    return pl.concat_str(parts)


def _first(conditions: Sequence[pl.Expr], values: Sequence[pl.Expr]) -> pl.Expr:
    """The value of the first condition that holds."""
    out = values[-1]
    for condition, value in reversed(list(zip(conditions[:-1], values[:-1], strict=True))):
        out = pl.when(condition).then(value).otherwise(out)
    return out


def _months_before(period: str, months: int) -> str:
    index = int(period[:4]) * 12 + int(period[5:]) - 1 - months
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


def _empty() -> pl.DataFrame:
    text = pl.String()
    schema: dict[str, pl.DataType] = dict.fromkeys(KEY, text)
    schema |= {"peers": text, "peer_cases": pl.UInt32(), "score": pl.Float64(), "is_flagged": pl.Boolean()}
    schema |= {"top_features": pl.List(text), "explanation": text}
    return pl.DataFrame(schema=schema)
