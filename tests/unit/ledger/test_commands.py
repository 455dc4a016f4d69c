"""`yilian statements`, `yilian accounts suggest` and `yilian period`: what a person at a terminal sees."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.ingest.lake import Version
from pipelines.ledger import accounts
from pipelines.state import State


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.output


@pytest.fixture(autouse=True)
def consortium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty home where something ran before."""
    for name, folder in (("HOME", "home"), ("PUBLISHED", "published"), ("LANDING", "landing")):
        monkeypatch.setenv(f"CONSORTIUM_{name}", str(tmp_path / folder))
    monkeypatch.setenv("CONSORTIUM_NOW", "2026-11-05T09:00:00")
    monkeypatch.delenv("CONSORTIUM_SEEDS", raising=False)
    (tmp_path / "home").mkdir()
    State(tmp_path / "home" / "state.sqlite")


def test_statements_are_shown_or_written(publication: Callable[[], Path], tmp_path: Path) -> None:
    publication()
    code, shown = run("statements", "2026-10")
    assert code == 0
    assert "RE_SURPLUS\t盈余\t5.00\t0.00\t5.00" in shown
    code, said = run("statements", "2026-10", "--into", str(tmp_path / "s.xlsx"))
    assert (code, said.split(": ")[1].split(", ")[0]) == (0, "资产负债表")
    assert (tmp_path / "s.xlsx").stat().st_size > 5000


def test_without_a_publication_it_says_what_to_do() -> None:
    assert run("statements", "2026-10")[0] == 1


def test_a_close_and_a_reopening_are_kept(publication: Callable[[], Path]) -> None:
    publication()
    assert run("period", "close", "2026-10", "--by", "王会计", "--reason", "month end") == (
        0,
        "2026-10 is closed; 26 figures of its statements are kept\n",
    )
    assert run("period", "close", "2026-09", "--by", "王会计", "--reason", "history")[1] == (
        "2026-09 is closed; nothing of it is published yet\n"
    )
    assert run("period", "reopen", "2026-10", "--by", "周总会计师", "--reason", "audit") == (0, "2026-10 is open\n")
    rows = run("period", "list")[1].splitlines()
    assert [row.split("\t")[0:3:2] for row in rows[1:]] == [
        ["2026-09", "closed"],
        ["2026-10", "closed"],
        ["2026-10", "open"],
    ]


def test_unmapped_accounts_of_the_newest_ledgers_are_proposed_for_a_person_to_accept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T02's water and power stands under a code that no map knows; a memo account resembles nothing."""
    ledger = pl.DataFrame(
        {
            "account_code": ["7788", "7788", "ZZ备查"],
            "account_name": ["水电费", "水电费", "@@@"],
            "debit": [Decimal("60.00"), Decimal("0.00"), Decimal("0.00")],
            "credit": [Decimal("0.00"), Decimal("5.00"), Decimal("0.00")],
        },
        schema_overrides={"debit": pl.Decimal(18, 2), "credit": pl.Decimal(18, 2)},
    )
    ledger.write_parquet(tmp_path / "t02.parquet")

    def versions(*_: object) -> Sequence[Version]:
        path = tmp_path / "t02.parquet"
        return [
            Version("T02", "gl_entries", period, "v", date(2026, 10, 31), path, 3) for period in ("2026-09", "2026-10")
        ]

    monkeypatch.setattr(accounts.ingest, "versions", versions)
    target = tmp_path / "map.csv"
    code, shown = run("accounts", "suggest", "--member", "T02", "--into", str(target))
    assert code == 0
    assert "ZZ备查\t@@@\t0.00\t2\t2026-09\t\t\t\tnothing resembles it" in shown
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"))))
    assert {row["local_account_pattern"] for row in rows} == {"7788"}
    assert rows[0]["vendor_or_member"] == "T02"
    assert rows[0]["valid_from"] == "2026-09-01"
    assert "水电" in rows[0]["unified_name"]
    assert "7788\t水电费\t130.00\t4\t2026-09" in shown


def test_where_all_is_mapped_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts.ingest, "versions", lambda *_: [])
    assert run("accounts", "suggest") == (0, "Every account of the newest ledgers is mapped.\n")
