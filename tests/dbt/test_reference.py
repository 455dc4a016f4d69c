"""Policy in force, as models see it: which row holds, and what happens where none does."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

MODELS = "+int_reference__policy"


def test_every_seed_loads_and_passes_its_tests(warehouse: Warehouse) -> None:
    warehouse.build("resource_type:seed")


def test_policy_in_force_reaches_members_by_their_level(warehouse: Warehouse) -> None:
    warehouse.deliver("encounters", "T01", "2026-10", [{"encounter_id": "E1"}])
    warehouse.build(MODELS, "int_reference__calendar")
    rates = warehouse.rows("""
        select member_id, value from intermediate.int_reference__policy
        where parameter = 'pool_contribution_rate' and period = '2026-10' and member_id in ('H01', 'H02', 'T01', 'V01')
        order by member_id
    """)
    assert [(r["member_id"], r["value"]) for r in rates] == [
        ("H01", Decimal("0.01")),
        ("H02", Decimal("0.008")),
        ("T01", Decimal("0.005")),
        ("V01", Decimal("0.005")),
    ]
    assert warehouse.one("select min(period) from intermediate.int_reference__period") == "2025-10"
