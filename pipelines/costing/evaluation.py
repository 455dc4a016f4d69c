"""Judgements on a cost by one formula: unit cost of a device, cost beside effect, consumables beside output.

Here: small exact rules with their rule ids, for KPI, appraisal and what-if. Not here: where the figures come from.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Literal

Number = int | Decimal | Fraction

Verdict = Literal["dominant", "trade_off", "dominated", "neutral"]
"""dominant: cheaper and better, or one of both at no loss; dominated: the reverse; trade_off: one for the other."""


def device_unit_cost(depreciation: Number, maintenance: Number, consumables: Number, uses: int) -> Fraction:
    """Full cost of one use of a shared device in yuan (S1-SHARE-04, TC-60b); all costs of the same period.

    Raises:
        ValueError: nothing was used, so there is no unit to cost.
    """
    if uses <= 0:
        raise ValueError("device_unit_cost: a device without uses has no cost per use; report it as idle instead")
    return (Fraction(depreciation) + Fraction(maintenance) + Fraction(consumables)) / uses


def tariff_recovery(tariff: Number, unit_cost: Number) -> Fraction:
    """Yuan per use by which a flat tariff over- (positive) or under-recovers the cost (AMB-49)."""
    return Fraction(tariff) - Fraction(unit_cost)


def cost_effect(cost_change: Number, effect_change: Number) -> Verdict:
    """Cost-effect evaluation of a programme from its relative changes (S5-COST-05, TC-69): -25 %, +18 % is dominant."""
    cheaper, better = cost_change <= 0, effect_change >= 0
    if cost_change == 0 and effect_change == 0:
        return "neutral"
    if cheaper and better:
        return "dominant"
    if cost_change >= 0 and effect_change <= 0:
        return "dominated"
    return "trade_off"


def consumables_outgrow_peers(
    own_consumables: Number, peer_consumables: Number, own_performance: Number, peer_performance: Number
) -> bool:
    """Flags high consumables behind high performance (S1-PERF-33, TC-71): both above the peers'."""
    return own_consumables > peer_consumables and own_performance > peer_performance
