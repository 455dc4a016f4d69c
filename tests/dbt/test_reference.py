"""Policy in force, as models see it: which row holds, and what happens where none does."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pipelines.policy import Policy

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

# Tests that also need models of other rooms are theirs to run.
OWN_TESTS = ("--indirect-selection", "cautious")
MODELS = ("+int_reference__policy", *OWN_TESTS)


def test_every_seed_loads_and_passes_its_tests(warehouse: Warehouse) -> None:
    warehouse.build("resource_type:seed", *OWN_TESTS)


def test_policy_in_force_reaches_members_by_their_level(warehouse: Warehouse) -> None:
    warehouse.deliver("encounters", "T01", "2026-10", [{"encounter_id": "E1"}])
    warehouse.build("+int_reference__calendar", *MODELS)
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


def test_models_and_python_find_the_same_row(warehouse: Warehouse) -> None:
    """Two ways to the number in force, one answer: for every member, parameter and scope, before and after a change."""
    warehouse.deliver("encounters", "H01", "2025-01", [{"encounter_id": "E1"}])
    warehouse.build(*MODELS, tests=False)
    policy = Policy.load(warehouse.reference)
    found = warehouse.rows("""
        select period, member_id, parameter, scope_kind, scope, coalesce(cast(value as varchar), text_value) as value
        from intermediate.int_reference__policy where period in ('2024-12', '2025-01')
    """)
    assert len(found) > 3000
    for row in found:
        named = {row["scope_kind"]: row["scope"]} if row["member_id"] is None else {"member": row["member_id"]}
        same = policy.row(row["parameter"], period=row["period"], **named)
        assert (same.scope_kind, same.scope) == (row["scope_kind"], row["scope"] or "")
        if same.value is None or same.unit in ("text", "level"):
            assert row["value"] == same.value
        else:
            assert Decimal(row["value"]) == Decimal(same.value), row
    prices = {row["period"]: Decimal(row["value"]) for row in found if row["parameter"] == "gp_visit_price"}
    assert prices == {"2024-12": Decimal(10), "2025-01": Decimal(30)}


LEVY = {"parameter": "pool_contribution_rate", "scope_kind": "level", "unit": "share", "source_rule": "S1-POOL-01"}
TERTIARY = LEVY | {"scope": "tertiary", "value": "0.01", "approved_by": "council", "valid_from": "2026-01-01"}


def ask(warehouse: Warehouse, column: str, source: str) -> str:
    """What dbt says to a query of a macro's sub-select: empty when it went well."""
    select = f"select max({column}) from {{{{ {source} }}}} as asked"
    try:
        return "; ".join(warehouse.dbt("show", "--inline", select).values())
    except AssertionError as failure:
        return str(failure)
    finally:
        assert warehouse.manifest is not None
        warehouse.manifest.nodes.pop("sql_operation.yilian.inline_query", None)


def test_tc_05_a_level_without_a_rate_is_an_error_that_names_member_and_month(warehouse: Warehouse) -> None:
    warehouse.deliver("encounters", "H02", "2026-10", [{"encounter_id": "E1"}])
    warehouse.refer("policy", [TERTIARY | {"scope": level} for level in ("tertiary", "primary", "village")])
    warehouse.refer("members", [{"member_id": "H02", "name_zh": "中医医院", "level": "secondary", "role": "general"}])
    warehouse.build(*MODELS, tests=False)
    said = ask(warehouse, "pool_contribution_rate", "policy_in_force(['pool_contribution_rate'])")
    assert "policy parameter pool_contribution_rate of member H02 in 2026-10" in said


def test_a_parameter_that_does_not_concern_everybody_may_be_empty(warehouse: Warehouse) -> None:
    warehouse.deliver("encounters", "H02", "2026-10", [{"encounter_id": "E1"}])
    warehouse.refer("policy", [TERTIARY])
    warehouse.build(*MODELS)
    name = "pool_contribution_rate"
    assert ask(warehouse, name, f"policy_in_force(['{name}'], optional=['{name}'])") == ""


def test_a_misspelt_parameter_is_an_error(warehouse: Warehouse) -> None:
    warehouse.deliver("encounters", "H01", "2026-10", [{"encounter_id": "E1"}])
    warehouse.build(*MODELS)
    assert "policy parameter levy_rat" in ask(warehouse, "levy_rat", "policy_in_force(['levy_rat'])")


def test_text_parameters_and_scopes_beside_the_members(warehouse: Warehouse) -> None:
    warehouse.deliver("encounters", "H01", "2026-10", [{"encounter_id": "E1"}])
    warehouse.build(*MODELS)
    level, techniques = "recognition_issuer_min_level", "dept_new_technique_min"
    assert ask(warehouse, level, f"policy_in_force([], text=['{level}'])") == ""
    assert ask(warehouse, techniques, f"policy_of_scope(['{techniques}'], 'department')") == ""
    (row,) = warehouse.rows("""
        select scope, value from intermediate.int_reference__policy
        where parameter = 'capitation_post_drg' and scope_kind = 'drg' and period = '2026-10'
    """)
    assert (row["scope"], row["value"]) == ("E78", Decimal("1000"))
