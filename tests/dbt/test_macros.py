"""Exact money: the macros against Python's decimal arithmetic, on values nobody chose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

MODELS = Path(__file__).resolve().parents[2] / "dbt_project" / "models"
# What the macros promise: sixteen digits before the point, ten decimals.
AMOUNTS = st.decimals(min_value=-(10**13), max_value=10**13, places=2)
COUNTS = st.one_of(st.integers(-(10**6), 10**6).map(Decimal), st.decimals(-1000, 1000, places=4))


@pytest.fixture(scope="module")
def expressions(dbt_session: Warehouse) -> dict[str, str]:
    """The SQL that dbt makes of each macro, over columns a and b of a table t."""
    dbt_session.reset()
    return {
        name: dbt_session.compiled("select {{ " + f"{call}" + " }} as r from t")
        for name, call in {
            "ratio": "ratio('a', 'b')",
            "money_per": "money_per('a', 'b')",
            "price_per": "price_per('a', 'b')",
            "money": "money('a * b')",
            "month_of": "month_of('a')",
            "month_add": "month_add('a', 'b')",
            "days_between": "days_between('a', 'b')",
            "required": """required('a', "'policy ' || b")""",
            "split_rows": "split_rows('a')",
        }.items()
    }


def run(query: str, rows: Sequence[tuple[Any, Any]], types: str = "decimal(18,4)") -> list[Any]:
    with duckdb.connect() as connection:
        connection.execute(f"create table t (a {types}, b {types})")
        if rows:
            connection.executemany("insert into t values (?, ?)", rows)
        return [row[0] for row in connection.execute(query).fetchall()]


def half_up(a: Decimal, b: Decimal, places: str) -> Decimal | None:
    return None if b == 0 else (a / b).quantize(Decimal(places), ROUND_HALF_UP)


@pytest.mark.parametrize(("macro", "places"), [("ratio", "0.000001"), ("money_per", "0.01"), ("price_per", "0.0001")])
def test_division_is_exact_and_rounds_half_away_from_zero(expressions: dict[str, str], macro: str, places: str) -> None:
    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.tuples(AMOUNTS, COUNTS), min_size=1, max_size=40))
    def check(pairs: list[tuple[Decimal, Decimal]]) -> None:
        fitting = [(a, b) for a, b in pairs if b == 0 or abs(a / b) < 10**10]
        found = run(expressions[macro], fitting)
        assert found == [half_up(a, b, places) for a, b in fitting]

    check()


def test_halves_round_away_from_zero_on_both_sides(expressions: dict[str, str]) -> None:
    pairs = [("0.01", 2), ("-0.01", 2), ("0.05", 10), ("1", 3), ("2", 3), ("-2", 3), ("5", 0)]
    rows = [(Decimal(a), Decimal(b)) for a, b in pairs]
    assert run(expressions["money_per"], rows) == [
        None if each is None else Decimal(each) for each in ("0.01", "-0.01", "0.01", "0.33", "0.67", "-0.67", None)
    ]
    assert run(expressions["money"], [(Decimal("0.005"), Decimal(1)), (Decimal("-0.005"), Decimal(1))]) == [
        Decimal("0.01"),
        Decimal("-0.01"),
    ]


def test_periods_and_days(expressions: dict[str, str]) -> None:
    assert run(expressions["month_of"], [("2026-10-31 23:59:59", "2026-01-01")], "timestamp") == ["2026-10"]
    assert run(expressions["month_add"], [("2026-01", "-1"), ("2025-12", "14")], "varchar") == ["2025-12", "2027-02"]
    assert run(expressions["days_between"], [("2026-02-27", "2026-03-02")], "date") == [3]


def test_what_is_required_and_missing_is_named(expressions: dict[str, str]) -> None:
    assert run(expressions["required"], [("0.5", "levy")], "varchar") == ["0.5"]
    with pytest.raises(duckdb.Error, match="policy levy is missing"):
        run(expressions["required"], [(None, "levy")], "varchar")


def test_a_cell_with_several_values_becomes_rows(expressions: dict[str, str]) -> None:
    assert sorted(run(expressions["split_rows"], [("1212|1218", "-"), ("2302", "-")], "varchar")) == [
        "1212",
        "1218",
        "2302",
    ]


def test_no_model_of_the_ledger_divides_or_averages_money_inexactly() -> None:
    inexact = re.compile(r"(?<![/*])/(?![/*])|\bavg\s*\(|\bdouble\b|\bfloat\b", re.IGNORECASE)
    offenders = []
    for area in ("core", "ledger"):
        for path in [*MODELS.glob(f"*/{area}/*.sql")]:
            code = re.sub(r"--[^\n]*|'[^']*'|\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            offenders += [f"{path.name}: {found.group()}" for found in inexact.finditer(code)]
    assert offenders == []
