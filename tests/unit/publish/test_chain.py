"""Tampering is found, and where."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.publish import verify


@pytest.fixture
def published(house):
    house.publish("run-1")
    house.build("update cost.department_cost set full_amount = full_amount + 1")
    house.publish("run-2")
    return house


def places(house) -> set[str]:
    return {f"{found.publication_id[:6]} {found.where}" for found in verify(house.settings)}


def writable(path: Path) -> Path:
    path.chmod(0o644)
    return path


def test_an_untouched_chain_holds(published):
    assert verify(published.settings) == []


def test_a_cell_changed_in_the_database_is_found_by_mart(published):
    path = writable(published.settings.published / "current/consortium.duckdb")
    with duckdb.connect(str(path)) as connection:
        connection.execute("update cost.department_cost set full_amount = 1 where dept_code = 'D5'")
    assert places(published) == {"000002 consortium.duckdb", "000002 cost.department_cost (DuckDB)"}


def test_a_row_added_to_parquet_is_found_by_mart(published):
    path = writable(published.settings.published / "current/parquet/cost/department_cost.parquet")
    frame = pl.read_parquet(path)
    path.unlink()
    pl.concat([frame, frame.head(1)]).write_parquet(path)
    assert places(published) == {
        "000002 parquet/cost/department_cost.parquet",
        "000002 cost.department_cost (Parquet)",
    }


def test_a_rewritten_record_breaks_the_chain_at_itself_and_after(published):
    path = sorted((published.settings.published / "chain").glob("*.json"))[0]
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "fresh_members": ["H01", "T01"], "stale_members": []}))
    assert places(published) == {"000001 hash", "000001 publication.json"}


def test_a_record_rewritten_with_a_fitting_hash_breaks_the_next_link(published):
    from dataclasses import asdict

    from pipelines.publish.chain import Record

    path = sorted((published.settings.published / "chain").glob("*.json"))[0]
    forged = Record.read({**json.loads(path.read_text()), "stale_members": []}).sealed()
    path.write_text(json.dumps(asdict(forged)))
    assert places(published) == {"000001 state", "000001 publication.json", "000002 previous_hash"}


def test_a_removed_record_is_missed(published):
    sorted((published.settings.published / "chain").glob("*.json"))[0].unlink()
    assert places(published) == {"000001 chain", "000002 previous_hash"}


def test_changed_inputs_are_found(published):
    path = writable(published.settings.published.joinpath("current/publication.json"))
    described = json.loads(path.read_text())
    described["inputs"]["deliveries"] = described["inputs"]["deliveries"][:1]
    path.write_text(json.dumps(described))
    assert places(published) == {"000002 inputs"}


def test_a_lost_current_is_found(published):
    current = published.settings.published / "current"
    target = current.resolve()
    shutil.rmtree(target)
    assert places(published) == {f"{target.name[:6]} current"}
