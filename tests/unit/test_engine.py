"""What of the engine is switched off because it gets sums wrong is off wherever money is added up."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from pipelines.settings import MISTAKEN_OPTIMIZERS, PROJECT

# Connections that only read what is there: a publication's rows, a file's columns, a member's accounts.
READERS = re.compile(r"pipelines/(costing/workbook|ledger/|risk/|ingest/|rebuild|publish/(?!marts))")


def test_dbt_runs_without_the_mistaken_optimizers() -> None:
    profile = yaml.safe_load((PROJECT / "dbt_project" / "profiles.yml").read_text(encoding="utf-8"))
    assert profile["yilian"]["outputs"]["duckdb"]["config_options"]["disabled_optimizers"] == MISTAKEN_OPTIMIZERS


def test_gates_and_publications_connect_without_them() -> None:
    said = {
        str(path.relative_to(PROJECT))
        for path in Path(PROJECT / "pipelines").rglob("*.py")
        if "duckdb.connect(" in path.read_text(encoding="utf-8")
    }
    told = {path for path in said if "MISTAKEN_OPTIMIZERS" in (PROJECT / path).read_text(encoding="utf-8")}
    assert told == {path for path in said if not READERS.match(path)}
