"""Growth of a mean is exact at any size, and cells of prefixes are read as lists: the macros against Python."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

FEES = st.decimals(min_value=0, max_value=10**11, places=2)
VISITS = st.integers(0, 10**8).map(Decimal)
CODES = st.text("ABCZ0129.x", min_size=1, max_size=7)


@pytest.fixture(scope="module")
def expressions(dbt_session: Warehouse) -> dict[str, str]:
    """The SQL that dbt makes of each macro, over the columns of a table t."""
    dbt_session.reset()
    calls = {
        "mean_growth": "mean_growth('a', 'b', 'c', 'd')",
        "has_prefix_of": "has_prefix_of('a', 'b')",
        "plain": "plain('a')",
    }
    return {name: dbt_session.compiled("select {{ " + call + " }} as r from t") for name, call in calls.items()}


def run(query: str, rows: Sequence[tuple[Any, ...]], kind: str) -> list[Any]:
    names = "abcd"[: len(rows[0])]
    with duckdb.connect() as connection:
        connection.execute(f"create table t ({', '.join(f'{name} {kind}' for name in names)})")
        connection.executemany(f"insert into t values ({', '.join('?' for _ in names)})", rows)
        return [row[0] for row in connection.execute(query).fetchall()]


def growth(n: Decimal, d: Decimal, n0: Decimal, d0: Decimal) -> Decimal | None:
    """(n/d) / (n0/d0) - 1 in exact fractions, half away from zero to six decimals."""
    bottom = Fraction(n0) * Fraction(d)
    if bottom == 0:
        return None
    exact = (Fraction(n) * Fraction(d0) - bottom) / bottom
    scaled = abs(exact) * 10**6
    whole = int(scaled + Fraction(1, 2))
    return (Decimal(whole) if exact >= 0 else -Decimal(whole)).scaleb(-6)


def test_growth_of_a_mean_is_exact_from_a_clinic_to_a_province(expressions: dict[str, str]) -> None:
    @settings(max_examples=20, deadline=None)
    @given(st.lists(st.tuples(FEES, VISITS, FEES, VISITS), min_size=1, max_size=20))
    def check(rows: list[tuple[Decimal, Decimal, Decimal, Decimal]]) -> None:
        expected = [growth(*row) for row in rows]
        fitting = [(row, want) for row, want in zip(rows, expected, strict=True) if want is None or abs(want) < 10**11]
        if fitting:
            found = run(expressions["mean_growth"], [row for row, _ in fitting], "decimal(38,4)")
            assert found == [want for _, want in fitting]

    check()


def test_a_code_is_in_a_list_of_prefixes_where_one_of_them_begins_it(expressions: dict[str, str]) -> None:
    @settings(max_examples=20, deadline=None)
    @given(st.lists(st.tuples(CODES, st.lists(CODES, min_size=1, max_size=4)), min_size=1, max_size=20))
    def check(rows: list[tuple[str, list[str]]]) -> None:
        found = run(expressions["has_prefix_of"], [(code, "|".join(prefixes)) for code, prefixes in rows], "varchar")
        assert found == [code.startswith(tuple(prefixes)) for code, prefixes in rows]

    check()


@pytest.mark.parametrize(
    ("number", "text"),
    [("100", "100"), ("100.50", "100.5"), ("0.0100", "0.01"), ("20.0000", "20"), ("-3.1400", "-3.14")],
)
def test_numbers_in_evidence_have_no_trailing_zeros(expressions: dict[str, str], number: str, text: str) -> None:
    assert run(expressions["plain"], [(Decimal(number),)], "decimal(18,4)") == [text]


def test_half_way_rounds_away_from_zero(expressions: dict[str, str]) -> None:
    """1/2,000,000 is half a millionth: up on both sides."""
    rows = [(Decimal(2000001), 1, Decimal(2000000), 1), (Decimal(1999999), 1, Decimal(2000000), 1)]
    assert run(expressions["mean_growth"], rows, "decimal(38,4)") == [
        Decimal("0.000001").quantize(Decimal("0.000001"), ROUND_HALF_UP), Decimal("-0.000001"),
    ]  # fmt: skip
