"""What a BI reader sees: every model says its grain first, every mart column is described in two languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse


def models(warehouse: Warehouse) -> dict[str, Any]:
    assert warehouse.manifest is not None
    return {node.name: node for node in warehouse.manifest.nodes.values() if node.resource_type == "model"}


def test_every_model_says_its_grain_first(warehouse: Warehouse) -> None:
    silent = [name for name, node in models(warehouse).items() if not node.description.startswith("One row per ")]
    assert silent == []


def test_every_mart_column_is_described_in_both_languages(warehouse: Warehouse) -> None:
    one_sided = [
        f"{name}.{column.name}"
        for name, node in models(warehouse).items()
        if node.fqn[1] == "marts"
        for column in node.columns.values()
        if " · " not in column.description
    ]
    assert one_sided == []


def test_core_and_ledger_describe_every_column_they_have_and_no_other(warehouse: Warehouse) -> None:
    warehouse.build("+path:models/marts/core", "+path:models/marts/ledger", tests=False)
    for name, node in models(warehouse).items():
        if node.schema in ("core", "ledger"):
            found = {row["column_name"] for row in warehouse.rows(f"describe {node.schema}.{node.alias}")}
            assert found == set(node.columns), name


def test_descriptions_reach_the_databases_own_comments(warehouse: Warehouse) -> None:
    warehouse.build("+core__member", tests=False)
    comment = "select comment from duckdb_columns() where schema_name = 'core' and column_name = 'level'"
    assert warehouse.one(comment) == "机构级别 · Level: tertiary, secondary, primary, village"
