"""The printed examples of the small cost rules."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pipelines.costing.evaluation import consumables_outgrow_peers, cost_effect, device_unit_cost, tariff_recovery


def test_tc_60b_unit_cost_of_a_device_and_what_the_tariff_leaves_open() -> None:
    cost = device_unit_cost(depreciation=3_000_000, maintenance=500_000, consumables=50 * 10_000, uses=10_000)
    assert cost == 400
    assert tariff_recovery(150, cost) == -250


def test_a_device_without_uses_has_no_unit_cost() -> None:
    with pytest.raises(ValueError, match="idle"):
        device_unit_cost(1, 1, 1, 0)


@pytest.mark.parametrize(
    ("cost", "effect", "verdict"),
    [
        (Fraction("-0.25"), Fraction("0.18"), "dominant"),  # TC-69
        (Fraction("-0.25"), Fraction("-0.01"), "trade_off"),
        (Fraction("0.10"), Fraction("0.18"), "trade_off"),
        (Fraction("0.10"), Fraction(0), "dominated"),
        (0, 0, "neutral"),
    ],
)
def test_tc_69_cost_beside_effect(cost: Fraction, effect: Fraction, verdict: str) -> None:
    assert cost_effect(cost, effect) == verdict


def test_tc_71_consumables_behind_performance() -> None:
    assert consumables_outgrow_peers(140, 100, 120, 100)
    assert not consumables_outgrow_peers(140, 100, 95, 100)
