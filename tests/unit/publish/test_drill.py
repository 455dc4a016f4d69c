"""The recovery drill finds what a restore would miss."""

from __future__ import annotations

import json
import shutil

import duckdb
import pytest

from pipelines.publish import NotPublished, PublicationError, drill, verify


def rebuild(source, change: str = ""):
    """Stands for dbt: the same marts come out of the same inputs."""

    def build(restored, state, record) -> None:
        shutil.copyfile(source, restored.warehouse_path)
        with duckdb.connect(str(restored.warehouse_path)) as connection:
            connection.execute(change or "select 1")

    return build


def test_a_restored_store_gives_the_same_marts(restorable, tmp_path):
    done = drill(restorable.settings, tmp_path / "drill", rebuild(restorable.settings.warehouse_path))
    assert done.passed
    assert done.marts == 2
    assert "2 marts with 102 rows came out the same" in done.sentence()


def test_a_mart_that_comes_out_differently_is_named(restorable, tmp_path):
    change = "update cost.department_cost set full_amount = 0 where dept_code = 'D5'"
    done = drill(restorable.settings, tmp_path / "drill", rebuild(restorable.settings.warehouse_path, change))
    assert [found.where for found in done.breaks] == ["cost.department_cost (rebuilt)", "marts (rebuilt)"]


def test_reference_data_that_changed_since_is_named(restorable, tmp_path):
    with (restorable.settings.home / "reference/members.csv").open("a") as file:
        file.write("T10,\n")
    done = drill(restorable.settings, tmp_path / "drill", rebuild(restorable.settings.warehouse_path))
    assert [found.where for found in done.breaks] == ["inputs"]


def test_the_drill_needs_an_empty_folder_and_a_publication(restorable, house, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    with pytest.raises(PublicationError, match="is not empty"):
        drill(restorable.settings, tmp_path / "full")
    nowhere = restorable.settings.model_copy(update={"published": tmp_path / "nowhere"})
    with pytest.raises(NotPublished, match="nothing is published"):
        drill(nowhere, tmp_path / "drill")


@pytest.mark.parametrize("passes", [True, False])
def test_the_monthly_job_leaves_a_line_in_the_log_and_fails_when_the_drill_does(restorable, monkeypatch, passes):
    from dagster import DagsterInstance

    from pipelines import jobs
    from pipelines.assets import publication
    from pipelines.resources import Night

    change = "" if passes else "delete from cost.department_cost"
    build = rebuild(restorable.settings.warehouse_path, change)
    monkeypatch.setattr(publication, "drill", lambda settings, into: drill(settings, into, build))
    where = {
        "CONSORTIUM_HOME": str(restorable.settings.home),
        "CONSORTIUM_PUBLISHED": str(restorable.settings.published),
    }
    night = Night(environ={**where, "CONSORTIUM_NOW": "2026-11-03T12:00:00"})
    with DagsterInstance.ephemeral() as instance:
        ran = jobs.recovery_drill.execute_in_process(
            resources={"night": night}, instance=instance, raise_on_error=False
        )
    assert ran.success == passes
    log = json.loads((restorable.settings.published / "drills/20261103T120000.json").read_text())
    assert (log["passed"], log["publication_id"], bool(log["differences"])) == (
        passes,
        "000001-20261101T013000",
        not passes,
    )
    assert list((restorable.settings.home / "drill").iterdir()) == (
        [] if passes else [restorable.settings.home / "drill/20261103T120000"]
    )
    assert verify(restorable.settings) == []
