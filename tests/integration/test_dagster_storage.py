"""Dagster's own storage: SQLite files by default, Postgres when its URL is set."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import psycopg2
import pytest
from pydantic import SecretStr

from pipelines import dagster_home
from pipelines.settings import Settings


@dg.asset
def deliveries() -> None:
    """Stands for anything that a night materialises."""


def run_under(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    dagster_home.prepare(settings)
    with dg.DagsterInstance.get() as instance:
        assert instance.telemetry_enabled is False
        result = dg.materialize([deliveries], instance=instance)
        assert result.success
        assert instance.get_latest_materialization_event(deliveries.key) is not None
        return result.run_id


def test_sqlite_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_under(Settings.model_validate({"home": tmp_path}), monkeypatch)
    assert list((tmp_path / "dagster").rglob("*.db"))


def test_postgres_takes_over_when_its_url_is_set(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.model_validate({"home": tmp_path, "YILIAN_POSTGRES_URL": SecretStr(server)})
    run_id = run_under(settings, monkeypatch)
    with psycopg2.connect(server) as connection, connection.cursor() as cursor:
        cursor.execute("select status from runs where run_id = %s", (run_id,))
        assert cursor.fetchone() == ("SUCCESS",)
    assert not list((tmp_path / "dagster").rglob("*.db"))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("postgresql://u:p@h:5432/d", "postgresql+psycopg2://u:p@h:5432/d"),
        ("postgres://u@h/d", "postgresql+psycopg2://u@h/d"),
        ("postgresql+psycopg2://h/d", "postgresql+psycopg2://h/d"),
    ],
)
def test_the_url_gets_the_driver_that_is_installed(given: str, wanted: str) -> None:
    assert dagster_home.storage_url(given) == wanted
