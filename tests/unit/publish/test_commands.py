"""`yilian publications`, `rollback`, `verify`, `drill` and `superset`: what a person at a terminal sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import app


@pytest.fixture
def house(house, monkeypatch):
    """A house whose folders the environment names."""
    monkeypatch.setenv("CONSORTIUM_HOME", str(house.settings.home))
    monkeypatch.setenv("CONSORTIUM_PUBLISHED", str(house.settings.published))
    monkeypatch.setenv("COLUMNS", "200")
    return house


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


def test_a_bundle_needs_a_publication(house, tmp_path: Path):
    words = ("superset", str(tmp_path / "b.zip"), "--uri", "postgresql+psycopg2://bi_h02@host/marts")
    code, shown = run(*words)
    assert (code, "publish first" in shown) == (1, True)
    house.publish()
    code, shown = run(*words)
    assert (code, "import it in Superset" in shown) == (0, True)
    assert (tmp_path / "b.zip").is_file()
