"""Weights of the risk indicators: a block's sum to 100 or the night does not start (S2-RISK-01, AMB-11)."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import reference

SEEDS = Path(__file__).resolve().parents[3] / "seeds"


@pytest.mark.parametrize(("weight", "total"), [("20", "95"), ("30", "105")])
def test_weights_that_do_not_sum_to_a_hundred_are_refused_by_name(weight: str, total: str) -> None:
    text = (SEEDS / "risk_weights.csv").read_text(encoding="utf-8")
    assert reference.judge({"risk_weights": text.encode()}) == []
    (problem,) = reference.judge(
        {"risk_weights": text.replace("S2-RISK-16,process,25", f"S2-RISK-16,process,{weight}").encode()}
    )
    assert "process from 2021-05-01: S2-RISK-13 20 + S2-RISK-15 10 + S2-RISK-16" in str(problem)
    assert f"= {total}, must be 100 (S2-RISK-01)" in str(problem)


def test_a_weight_is_not_negative() -> None:
    text = (SEEDS / "risk_weights.csv").read_text(encoding="utf-8")
    changed = text.replace("S2-RISK-16,process,25", "S2-RISK-16,process,-25").replace(
        "S2-RISK-17,process,25", "S2-RISK-17,process,75"
    )
    assert ["a weight is not negative" in str(one) for one in reference.judge({"risk_weights": changed.encode()})] == [
        True
    ]
