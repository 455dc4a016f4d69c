"""`yilian publications`, `rollback`, `verify`, `drill` and `superset`: what a person at a terminal sees."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.publish import NotPublished, PublicationError
from pipelines.warehouse import WarehouseError


@pytest.fixture
def house(house, monkeypatch):
    """A house whose folders the environment names."""
    monkeypatch.setenv("CONSORTIUM_HOME", str(house.settings.home))
    monkeypatch.setenv("CONSORTIUM_PUBLISHED", str(house.settings.published))
    monkeypatch.setenv("COLUMNS", "200")
    return house


def failing(*words: str) -> str:
    """What a command says that ends with an error of ours."""
    result = CliRunner().invoke(app, list(words))
    assert isinstance(result.exception, (PublicationError, NotPublished, WarehouseError)), result.output
    return str(result.exception)


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.output


def test_publications_are_listed_rolled_back_to_and_verified(house):
    first, second = house.publish("run-1"), house.publish("run-2")
    code, shown = run("publications")
    assert code == 0
    assert shown.index(second.publication_id) < shown.index(first.publication_id)
    assert run("rollback", first.publication_id) == (0, f"current is {first.publication_id}\n")
    assert run("verify") == (0, "the chain holds\n")
    page = second.path / "site/index.html"
    page.chmod(0o644)
    page.write_text("otherwise")
    code, shown = run("verify")
    assert code == 1
    assert f"{second.publication_id} site/index.html: expected " in shown
    assert "the chain breaks in 1 places" in shown


def test_what_is_not_kept_is_said_with_what_is(house):
    code, shown = run("rollback", "000009-20990101T000000")
    assert (code, "is not kept; kept are none" in shown) == (1, True)
    made = house.publish()
    code, shown = run("rollback", "000009-20990101T000000")
    assert (code, f"kept are {made.publication_id}" in shown) == (1, True)


def test_a_home_without_publication_says_so_and_stays_as_it_is(house, tmp_path: Path, monkeypatch):
    code, shown = run("verify")
    assert (code, "nothing is published in" in shown) == (1, True)
    assert "nothing is published in" in failing("drill", "--into", str(tmp_path / "drill"))
    monkeypatch.setenv("CONSORTIUM_HOME", str(tmp_path / "new"))
    monkeypatch.setenv("CONSORTIUM_PUBLISHED", str(tmp_path / "new/published"))
    for command in (("verify",), ("rollback", "000001-20261101T013000")):
        assert run(*command)[0] == 1
    assert run("publications") == (0, "publication\tpublished at\tmarts\trows\thash\n")
    assert "nothing ran in" in run("publish")[1]
    assert not (tmp_path / "new/state.sqlite").exists()


def test_publishing_by_hand_needs_open_gates_and_marts_of_what_stands_now(house, monkeypatch):
    house.judge(2, "failed")
    code, shown = run("publish")
    assert (code, "gate 2" in shown) == (2, True)
    house.judge(2)
    assert "was built from other deliveries, reference data or code" in failing("publish")
    with house.state.transaction() as connection:
        connection.execute(
            "insert into build (revision, build_id, manifest_id, run_id, part, started_at, finished_at) "
            "values (0, 'build-1', 'm1', 'run-1', 'foundation', '', '')"
        )
    monkeypatch.setattr("pipelines.warehouse.is_current", lambda *_: True)
    monkeypatch.setattr("pipelines.warehouse.build_id", lambda *_: "build-1")
    for gate in (1, 2, 3):
        house.judge(gate)
    code, shown = run("publish")
    assert (code, shown.split()[0]) == (0, (house.settings.published / "current").readlink().name)


def test_a_drill_says_what_came_out_and_fails_when_it_differs(house, restorable, tmp_path: Path, monkeypatch):
    change = {"sql": "select 1"}

    def build(restored, state, record) -> None:
        shutil.copyfile(house.settings.warehouse_path, restored.warehouse_path)
        with duckdb.connect(str(restored.warehouse_path)) as connection:
            connection.execute(change["sql"])

    monkeypatch.setattr(sys.modules["pipelines.publish.drill"], "_dbt_build", build)
    code, shown = run("drill", "--into", str(tmp_path / "one"))
    assert (code, "2 marts with 102 rows came out the same" in shown) == (0, True)
    assert "is not empty" in failing("drill", "--into", str(tmp_path / "one"))
    change["sql"] = "delete from core.member where member_id = 'T01'"
    code, shown = run("drill", "--into", str(tmp_path / "two"))
    assert (code, "first: " in shown, "core.member (rebuilt)" in shown) == (1, True, True)


def test_a_bundle_needs_a_publication(house, tmp_path: Path):
    words = ("superset", str(tmp_path / "b.zip"), "--uri", "postgresql+psycopg2://bi_h02@host/marts")
    code, shown = run(*words)
    assert (code, "publish first" in shown) == (1, True)
    house.publish()
    code, shown = run(*words)
    assert (code, "import it in Superset" in shown) == (0, True)
    assert (tmp_path / "b.zip").is_file()
