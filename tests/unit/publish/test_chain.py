"""Tampering is found, and where."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.publish import PublicationError, verify


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
    assert places(published) == {"000001 hash", "000001 record in publication.json"}


def test_a_record_rewritten_with_a_fitting_hash_breaks_the_next_link(published):
    from dataclasses import asdict

    from pipelines.publish.chain import Record

    path = sorted((published.settings.published / "chain").glob("*.json"))[0]
    forged = Record.read({**json.loads(path.read_text()), "stale_members": []}).sealed()
    path.write_text(json.dumps(asdict(forged)))
    assert places(published) == {"000001 state", "000001 record in publication.json", "000002 previous_hash"}


def test_a_removed_record_is_missed(published):
    sorted((published.settings.published / "chain").glob("*.json"))[0].unlink()
    assert places(published) == {"000001 chain", "000002 previous_hash"}


def test_changed_inputs_are_found(published):
    path = writable(published.settings.published.joinpath("current/publication.json"))
    described = json.loads(path.read_text())
    described["inputs"]["deliveries"] = described["inputs"]["deliveries"][:1]
    path.write_text(json.dumps(described))
    assert places(published) == {"000002 inputs", "000002 publication.json"}


def test_a_lost_current_is_found(published):
    current = published.settings.published / "current"
    target = current.resolve()
    shutil.rmtree(target)
    assert places(published) == {f"{target.name[:6]} current"}


def test_one_byte_changed_in_any_file_is_found_by_the_files_name(published):
    """Every file of the publication that readers open, and of the chain, each changed by one byte."""
    folder = (published.settings.published / "current").resolve()
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "publication.json"]
    assert len(files) > 30
    for path in files:
        _flip(path)
    found = places(published)
    assert {f"000002 {path.relative_to(folder)}" for path in files} - found == set()


@pytest.mark.parametrize("name", ["current/publication.json", "chain"])
def test_whichever_byte_of_a_description_is_changed_it_is_found(published, name):
    path = published.settings.published / name
    path = sorted(path.glob("*.json"))[-1] if path.is_dir() else path
    whole = path.read_bytes()
    for place in range(0, len(whole), len(whole) // 4):
        _flip(path, place)
        assert any(place.startswith("000002") for place in places(published)), place
        path.write_bytes(whole)


def test_a_file_that_nobody_published_is_found(published):
    (published.settings.published / "current/site/extra.html").write_text("hello")
    assert places(published) == {"000002 site/extra.html"}


def test_a_damaged_record_ends_the_next_run_by_its_name(published):
    path = sorted((published.settings.published / "chain").glob("*.json"))[0]
    path.write_text("{")
    with pytest.raises(PublicationError, match=rf"{path.name} is damaged"):
        published.publish("run-3")


def _flip(path: Path, place: int = -1) -> None:
    """Changes one byte, as a bad disk would."""
    body = bytearray(path.read_bytes())
    body[place] ^= 1
    writable(path).write_bytes(body)
