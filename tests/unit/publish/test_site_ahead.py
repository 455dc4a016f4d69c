"""Sections of marts that no model makes yet: drawn from made-up rows, by the columns that the interface fixes."""

from __future__ import annotations

import re

import duckdb
import pytest
import yaml

from pipelines.publish.marts import catalogue
from pipelines.publish.site import Frames, read_frames, sections
from pipelines.publish.site.tables import Cells
from pipelines.publish.site.views import draw
from pipelines.publish.site.words import Words

INTERFACE: dict[str, list[str]] = yaml.safe_load("""
sharing.settlement_line: [period, rule_id, source_row, scenario, payer_member_id, payee_member_id, payer_pool,
  payee_pool, quantity, unit_amount, amount]
sharing.member_position: [period, member_id, scenario, paid, received, net]
sharing.recognition_saving: [period, member_id, item_code, recognised, repeated, recognition_rate, saving]
sharing.pool_balance: [period, pool, opening, sources, uses, closing]
sharing.saving_share: [fiscal_year, member_id, target_cost, actual_cost, volume_adjusted_target, saving, overspend,
  staff_reward, development_fund, performance_deduction]
budget.execution: [period, member_id, dept_code, budget_category, budget_ytd, actual_ytd, execution_rate, deviation,
  status, approval_level]
budget.compliance: [fiscal_year, rule_id, required_share, actual_share, is_met]
treasury.pool_position: [as_of, member_id, collected, retained, minimum_holding, lendable, loans_in, loans_out,
  status]
treasury.liquidity: [as_of, pool_balance, risk_reserve_required, risk_reserve_held, minimum_holding, days_cash,
  status]
treasury.settlement_cycle: [period, member_id, claims, fund_paid, mean_days_to_pay, repeat_claims,
  repeat_claim_amount]
treasury.forecast: [period, horizon_period, member_id, metric, value, lower, upper, model, backtest_error]
treasury.financial_risk: [period, risk, likelihood, impact, level, evidence]
payment.collaboration_bonus: [period, member_id, referral_point, sharing_point, cost_point, factor]
payment.surplus_distribution: [fiscal_year, member_id, basis, contribution, amount]
payment.risk_fund_claim: [fiscal_year, member_id, drg_code, loss, cap, granted]
payment.capitation: [fiscal_year, member_id, enrolled, prepaid, spent, surplus_kept, overspend_shared]
operations.equipment: [period, member_id, asset_id, available_hours, used_hours, utilisation, uses, cost_per_use,
  shared_uses, status, suggestion]
operations.bed: [census_date, member_id, bed_tier, open, occupied, occupancy, status, suggested_transfer_to,
  suggested_patients]
operations.stock: [period, member_id, item_code, closing_qty, safety_stock_qty, turnover, days_cover, status,
  suggested_transfer_from]
operations.procurement: [period, item_code, members, min_price, max_price, spread, weighted_price, saving_potential,
  centralised_share]
operations.staffing: [period, member_id, role, fte, share]
operations.referral_flow: [period, from_member_id, to_member_id, direction, condition_type, referrals, accepted,
  acceptance_rate, appropriate_rate, mean_days]
primary_care.efficiency: [period, member_id, cost_per_visit, service_share, drug_share, essential_drug_share,
  fiscal_dependence, outflow_rate, outflow_cost, preventive_share, admin_staff_ratio]
primary_care.contract: [period, member_id, contracts, fulfilment_rate, fee_fund, fee_fiscal, fee_person,
  admissions_avoided, saving, cost_benefit]
performance.score: [period, entity_level, entity_id, public_benefit, efficiency, collaboration, weighted_score,
  rank, vetoed]
performance.fund: [period, base_pot, collaboration_pot, reward_pot]
performance.distribution: [period, member_id, base, collaboration, reward, primary_factor, per_capita, total]
performance.fairness: [period, gini]
""")
"""Marts and columns as page 3 of the interface has them."""

TYPES = {
    "as_of": "date '2026-10-31'", "census_date": "date '2026-10-31'", "is_met": "true", "vetoed": "false",
    "members": "2", "entity_level": "'member'", "payer_pool": "null::varchar", "payee_pool": "null::varchar",
    "payer_member_id": "'H01'", "payee_member_id": "'T01'", "from_member_id": "'H01'", "to_member_id": "'T01'",
    "fiscal_year": "2026", "rank": "1", "claims": "77777",
}  # fmt: skip
"""Values of columns that are no text and no decimal."""

TEXT = frozenset({
    "approval_level", "asset_id", "basis", "bed_tier", "budget_category", "condition_type", "dept_code",
    "direction", "drg_code", "evidence", "impact", "item_code", "level", "likelihood", "metric", "model",
    "pool", "risk", "role", "rule_id", "scenario", "source_row", "status", "suggested_transfer_from",
    "suggested_transfer_to", "suggestion",
})  # fmt: skip


@pytest.fixture(scope="module")
def drawn_from() -> Frames:
    """The frames of every such section over two months; every decimal is 77,777."""
    with duckdb.connect() as connection:
        for name, columns in INTERFACE.items():
            connection.execute(f"create schema if not exists {name.split('.')[0]}")
            cells = ", ".join(f"{_value(column)} as {column}" for column in columns)
            connection.execute(f"create table {name} as select {cells} from (values ('2026-09'), ('2026-10')) v(month)")
        return read_frames(connection, catalogue(connection, "memory"), sections(), "run")


def _value(column: str) -> str:
    if column in ("period", "horizon_period"):
        return "month"
    if column in ("member_id", "entity_id"):
        return "'H01'"
    return TYPES.get(column) or (f"'a_{column}'" if column in TEXT else "77777.00::decimal(18,2)")


def test_every_section_of_a_mart_to_come_fits_the_interface(drawn_from: Frames) -> None:
    ahead = [section for section in sections() if section.marts and set(section.marts) <= set(INTERFACE)]
    assert len(ahead) > 25
    assert {
        name: why for name, why in drawn_from.missing.items() if set(drawn_from.marts[name]) <= set(INTERFACE)
    } == {}
    for section in ahead:
        rows = drawn_from.found[section.name].to_dicts()
        assert rows, section.name
        for language in ("zh", "en"):
            page = draw(section, rows, Cells(Words(language, {}), lambda _: None))
            assert re.search(r"77,777|155,554|7,777,700\.0 %|a_\w+", page), (section.name, language)
            assert "None" not in page, section.name
