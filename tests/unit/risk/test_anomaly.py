"""Cases unlike their peers (S2-RISK-49): found whatever the order of rows, told in words, never by their bill alone."""

from __future__ import annotations

import random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from pipelines.risk.anomaly import FEATURES, KEY, Parameters, distances, score_cases, score_frames
from pipelines.risk.ranking import Scored, average_precision, rank, z_scores

WANTED = Parameters(least_peers=15, least_distance=3.5, score_distance=2.5, most_share=0.05, months=12)


def case(number: int, period: str = "2026-10", **odd: float) -> dict[str, Any]:
    """A plain stay of a group, with a little luck in every feature; the bill is 1,000 a day."""
    luck = random.Random(number)
    plain = {
        "los": 6 + luck.choice([-1, 0, 1]), "daily_amount": 1000 * luck.uniform(0.9, 1.1),
        "daily_drug": 300 * luck.uniform(0.8, 1.2), "daily_material": 80 * luck.uniform(0.8, 1.2),
        "daily_exam": 100 * luck.uniform(0.8, 1.2), "daily_treatment": 400 * luck.uniform(0.8, 1.2),
        "daily_care": 100 * luck.uniform(0.9, 1.1), "daily_tests": 3 * luck.uniform(0.9, 1.1),
        "daily_pieces": 5 * luck.uniform(0.9, 1.1), "daily_lines": 14 * luck.uniform(0.9, 1.1),
        "drug_share": 0.3 * luck.uniform(0.8, 1.2), "exam_share": 0.1 * luck.uniform(0.8, 1.2),
        "material_share": 0.08 * luck.uniform(0.8, 1.2),
    }  # fmt: skip
    return {
        "period": period, "member_id": "H01", "encounter_id": f"E{number:04d}", "member_level": "tertiary",
        "dept_code": "A", "drg_code": "ES29", "mdc": "E", "partition": "medical", **plain, **odd,
    }  # fmt: skip


ODD = {"daily_drug": 5.0, "daily_exam": 395.0, "drug_share": 0.005, "exam_share": 0.4}
"""Exams in the place of drugs: the bill looks like any other."""


@pytest.fixture(scope="module")
def cases() -> pl.DataFrame:
    return pl.DataFrame([case(n) for n in range(60)] + [case(99, **ODD)])


@pytest.fixture(scope="module")
def found(cases: pl.DataFrame) -> pl.DataFrame:
    return score_cases(cases, {"2026-10": WANTED})


def test_the_odd_case_stands_first_and_says_why(found: pl.DataFrame) -> None:
    first = found.sort("score", descending=True).row(0, named=True)
    assert (first["encounter_id"], first["is_flagged"], first["peer_cases"]) == ("E0099", True, 61)
    assert first["explanation"].startswith("与本科室病组ES29的61例相比:")
    told = ("日均药品费", "日均检查化验费", "药占比", "检查化验占比")
    assert len(first["top_features"]) == 3
    assert all(words.startswith(told) for words in first["top_features"])
    assert found.filter(~pl.col("is_flagged"))["explanation"].null_count() == 61 - found["is_flagged"].sum()


def test_the_order_of_rows_changes_nothing(cases: pl.DataFrame, found: pl.DataFrame) -> None:
    mixed = score_cases(cases.sample(fraction=1.0, shuffle=True, seed=3), {"2026-10": WANTED})
    assert mixed.sort(KEY).equals(found.sort(KEY))


def test_a_bill_like_any_other_is_no_alibi(cases: pl.DataFrame) -> None:
    """The z-score of the bill doesn't see it."""
    told = [Scored((row["member_id"], row["encounter_id"]), row["drg_code"], row["daily_amount"], 0.0, False)
            for row in cases.iter_rows(named=True)]  # fmt: skip
    assert z_scores(told)[-1] < 2


def test_peers_widen_until_there_are_enough() -> None:
    rare = [case(n, drg_code="EX19") | {"drg_code": "EX19"} for n in range(200, 205)]
    peers = distances(pl.DataFrame([case(n) for n in range(60)] + rare).sort(KEY), 15)
    assert set(peers.filter(pl.col("encounter_id") >= "E0200")["peers"]) == {"三级主要诊断大类E内科组"}
    assert set(peers.filter(pl.col("encounter_id") < "E0200")["peers"]) == {"本科室病组ES29"}


def test_a_department_of_few_cases_is_compared_with_all_of_its_level() -> None:
    few = [case(n, dept_code="B") for n in range(300, 310)]
    peers = distances(pl.DataFrame([case(n) for n in range(60)] + few).sort(KEY), 15)
    assert set(peers.filter(pl.col("encounter_id") >= "E0300").select("peers", "peer_cases").rows()) == {
        ("三级病组ES29", 70)
    }


def test_distances_by_hand() -> None:
    """Median 10 days; peers that are all alike lend no endless distances, the spread of all cases stands in."""
    rows = [case(n) | {"los": los} for n, los in enumerate([9, 10, 10, 10, 11, 10, 10, 99])]
    found = distances(pl.DataFrame(rows), 1)
    assert found["median_los"].to_list() == pytest.approx([10.0] * 8)
    assert found["los"].to_list()[1] == 0
    assert found["los"].to_list()[-1] > 2


def test_a_month_is_compared_with_the_year_before_it_and_not_with_later_ones() -> None:
    early = [case(n, "2026-09") for n in range(40)]
    late = [case(n, "2026-10", **ODD) for n in range(100, 140)]
    alone = score_cases(pl.DataFrame(early), {"2026-09": WANTED})
    both = score_cases(pl.DataFrame(early + late), {"2026-09": WANTED, "2026-10": WANTED})
    assert both.filter(pl.col("period") == "2026-09").equals(alone)
    old = score_cases(pl.DataFrame([*early, case(500, "2027-10")]), {"2027-10": WANTED})
    assert old["peer_cases"].to_list() == [1]


def test_a_missing_parameter_is_named(cases: pl.DataFrame) -> None:
    table = pl.DataFrame({"period": ["2026-10"], "parameter": ["least_peers"], "value": [15.0]})
    with pytest.raises(LookupError, match="S2-RISK-49 least_distance of 2026-10 is missing"):
        score_frames(cases, table)


def test_no_more_are_flagged_than_can_be_looked_at() -> None:
    """Ten odd cases of seventy, one in twenty may be flagged: the four strangest are."""
    odd = [case(n, **{**ODD, "daily_exam": 300.0 + n}) for n in range(400, 410)]
    found = score_cases(pl.DataFrame([case(n) for n in range(60)] + odd), {"2026-10": WANTED})
    assert found["is_flagged"].sum() == 4
    assert found.filter("is_flagged")["score"].min() >= found.filter(~pl.col("is_flagged"))["score"].max()


def test_nothing_in_nothing_out(cases: pl.DataFrame) -> None:
    assert score_frames(cases.head(0), pl.DataFrame({"period": [], "parameter": [], "value": []})).height == 0
    assert set(FEATURES) <= set(cases.columns)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=40).filter(
    lambda pairs: any(planted for _, planted in pairs)))  # fmt: skip
def test_average_precision_is_that_of_the_library(pairs: list[tuple[int, bool]]) -> None:
    scores, truth = [float(score) for score, _ in pairs], [planted for _, planted in pairs]
    assert average_precision(scores, truth) == pytest.approx(average_precision_score(truth, scores))


def test_a_ranking_leaves_planted_violations_out() -> None:
    cases = [Scored(("H01", name), "A", amount, score, score > 0.6)
             for name, amount, score in (("a", 10, 0.9), ("b", 11, 0.8), ("c", 12, 0.1), ("v", 99, 0.95))]  # fmt: skip
    ranked = rank(cases, frozenset({("H01", "a")}), frozenset({("H01", "v")}))
    assert (ranked.cases, ranked.planted, ranked.flagged, ranked.planted_flagged, ranked.model) == (3, 1, 2, 1, 1.0)
    assert "average precision" in ranked.table()
    with pytest.raises(ValueError, match="nothing to rank"):
        rank(cases, frozenset(), frozenset())
