"""Staging is the contract, view by view."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from pipelines import contract

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

STAGING = Path(__file__).resolve().parents[2] / "dbt_project" / "models" / "staging"


def test_every_extract_has_its_view_and_no_view_is_left_over() -> None:
    views = {path.stem.removeprefix("stg_") for path in STAGING.glob("stg_*.sql")}
    described = {
        model["name"].removeprefix("stg_") for model in yaml.safe_load((STAGING / "_staging.yml").read_text())["models"]
    }
    assert views == described == set(contract.load().extracts)


def test_views_carry_the_columns_and_types_of_the_contract(warehouse: Warehouse) -> None:
    warehouse.build("path:models/staging", tests=False)
    for extract in contract.load().extracts.values():
        found = {
            row["column_name"]: row["column_type"] for row in warehouse.rows(f"describe staging.stg_{extract.name}")
        }
        declared = {name: contract.DUCKDB_TYPES[column.type] for name, column in extract.columns.items()}
        declared |= {name: contract.DUCKDB_TYPES[kind] for name, (kind, _, _) in contract.ADDRESS.items()}
        assert {name: kind.lower() for name, kind in found.items()} == declared
