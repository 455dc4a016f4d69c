"""Cells become values or faults; columns at once and cells one by one must agree."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.contract import TYPE_BOUNDS as BOUNDS
from pipelines.contract import Column, Type
from pipelines.ingest.outcomes import CellFault
from pipelines.ingest.typed import convert, fault_of

DELIVERED = date(2026, 10, 31)


def column(type_: Type, **said: Any) -> Column:
    low, high = BOUNDS.get(type_, (None, None))
    limits = {"minimum": low, "maximum": high} | said
    return Column("c", type_, "列", "column", **limits)


def one(cell: Any, spec: Column, dtype: Any = None) -> Any:
    """The value of one cell, or its fault."""
    series = pl.Series([cell], dtype=dtype) if dtype else pl.Series([cell], dtype=pl.String)
    typed, bad = convert(series, spec, DELIVERED)
    if bad is not None and bad[0]:
        return fault_of(cell, spec, DELIVERED)
    return typed[0]


@pytest.mark.parametrize(
    ("type_", "cell", "expected"),
    [
        (Type.MONEY, "12.50", Decimal("12.50")),
        (Type.MONEY, " 12.50 ", Decimal("12.50")),
        (Type.MONEY, "12.500", Decimal("12.50")),
        (Type.MONEY, "-0.01", Decimal("-0.01")),
        (Type.MONEY, "+3", Decimal("3.00")),
        (Type.MONEY, ".5", Decimal("0.50")),
        (Type.MONEY, "12.505", CellFault.TOO_MANY_DECIMALS),
        (Type.MONEY, "1e3", CellFault.NOT_A_NUMBER),
        (Type.MONEY, "1,234.50", CellFault.NOT_A_NUMBER),
        (Type.MONEY, "１２", CellFault.NOT_A_NUMBER),
        (Type.MONEY, "12O.50", CellFault.NOT_A_NUMBER),
        (Type.MONEY, "NaN", CellFault.NOT_A_NUMBER),
        (Type.MONEY, "1000000000000", CellFault.ABOVE_MAXIMUM),
        (Type.MONEY, "99999999999999999999999", CellFault.ABOVE_MAXIMUM),
        (Type.MONEY, "", CellFault.MISSING_VALUE),
        (Type.MONEY, "   ", CellFault.MISSING_VALUE),
        (Type.PRICE, "0.04166", CellFault.TOO_MANY_DECIMALS),
        (Type.PRICE, "-1", CellFault.BELOW_MINIMUM),
        (Type.QUANTITY, "0.33335", Decimal("0.3334")),
        (Type.QUANTITY, "-0.33335", Decimal("-0.3334")),
        (Type.SHARE, "0.3333333333", Decimal("0.333333")),
        (Type.SHARE, "1.01", CellFault.ABOVE_MAXIMUM),
        (Type.INTEGER, "3", 3),
        (Type.INTEGER, "3.0", 3),
        (Type.INTEGER, "3.5", CellFault.NOT_AN_INTEGER),
        (Type.INTEGER, "three", CellFault.NOT_A_NUMBER),
        (Type.BOOLEAN, "true", True),
        (Type.BOOLEAN, "FALSE", False),
        (Type.BOOLEAN, "1", True),
        (Type.BOOLEAN, "yes", CellFault.NOT_A_BOOLEAN),
        (Type.DATE, "2026-10-31", date(2026, 10, 31)),
        (Type.DATE, "2026-10-31 00:00:00", date(2026, 10, 31)),
        (Type.DATE, "2026-02-30", CellFault.NOT_A_DATE),
        (Type.DATE, "31.10.2026", CellFault.NOT_A_DATE),
        (Type.DATE, "1970-01-01", CellFault.IMPOSSIBLE_DATE),
        (Type.DATE, "1990-01-01", date(1990, 1, 1)),
        (Type.DATE, "1989-12-31", CellFault.IMPOSSIBLE_DATE),
        (Type.DATE, "2027-10-31", date(2027, 10, 31)),
        (Type.DATE, "2027-11-05", CellFault.IMPOSSIBLE_DATE),
        (Type.TIMESTAMP, "2026-10-31 08:30:00", datetime(2026, 10, 31, 8, 30)),
        (Type.TIMESTAMP, "2026-10-31T08:30", datetime(2026, 10, 31, 8, 30)),
        (Type.TIMESTAMP, "2026-10-31T08:30:00.250", datetime(2026, 10, 31, 8, 30, 0, 250000)),
        (Type.TIMESTAMP, "2026-10-31T00:30:00Z", datetime(2026, 10, 31, 8, 30)),
        (Type.TIMESTAMP, "2026-10-31T08:30:00+08:00", datetime(2026, 10, 31, 8, 30)),
        (Type.TIMESTAMP, "2026-10-31", datetime(2026, 10, 31)),
        (Type.TIMESTAMP, "2026-10-31 25:00:00", CellFault.NOT_A_TIMESTAMP),
        (Type.TIMESTAMP, "1970-01-01 00:00:00", CellFault.IMPOSSIBLE_DATE),
        (Type.TEXT, " A01 ", "A01"),
        (Type.TEXT, "\u3000内科\u3000", "内科"),
        (Type.TEXT, "=cmd|'/C calc'!A0", CellFault.FORMULA_IN_TEXT),
        (Type.TEXT, "@SUM(A1)", CellFault.FORMULA_IN_TEXT),
        (Type.TEXT, "-2+3+cmd|' /C calc'!A0", CellFault.FORMULA_IN_TEXT),
        (Type.TEXT, "-5", "-5"),
        (Type.TEXT, "内\x00科", CellFault.UNPRINTABLE_TEXT),
        (Type.TEXT, "内\ufffd科", CellFault.UNPRINTABLE_TEXT),
        (Type.TEXT, "内" * 500, "内" * 500),
        (Type.TEXT, "内" * 501, CellFault.TEXT_TOO_LONG),
    ],
)
def test_a_cell_of_text(type_: Type, cell: str, expected: Any) -> None:
    assert one(cell, column(type_)) == expected


@pytest.mark.parametrize(
    ("type_", "cell", "dtype", "expected"),
    [
        (Type.MONEY, 12.5, pl.Float64, Decimal("12.50")),
        (Type.MONEY, 0.1 + 0.2, pl.Float64, Decimal("0.30")),
        (Type.MONEY, 12.345, pl.Float64, CellFault.TOO_MANY_DECIMALS),
        (Type.MONEY, float("nan"), pl.Float64, CellFault.NOT_A_NUMBER),
        (Type.MONEY, float("inf"), pl.Float64, CellFault.NOT_A_NUMBER),
        (Type.MONEY, 12, pl.Int64, Decimal("12.00")),
        (Type.MONEY, Decimal("12.500"), pl.Decimal(18, 3), Decimal("12.50")),
        (Type.MONEY, Decimal("12.505"), pl.Decimal(18, 3), CellFault.TOO_MANY_DECIMALS),
        (Type.INTEGER, 3.0, pl.Float64, 3),
        (Type.INTEGER, 3.5, pl.Float64, CellFault.NOT_AN_INTEGER),
        (Type.TEXT, 101.0, pl.Float64, "101"),
        (Type.TEXT, 101, pl.Int64, "101"),
        (Type.BOOLEAN, True, pl.Boolean, True),
        (Type.BOOLEAN, 1, pl.Int64, True),
        (Type.DATE, datetime(2026, 10, 31, 8, 30), pl.Datetime("us"), date(2026, 10, 31)),
        (Type.TIMESTAMP, date(2026, 10, 31), pl.Date, datetime(2026, 10, 31)),
        (Type.TIMESTAMP, datetime(2026, 10, 31, 8, 30), pl.Datetime("ns"), datetime(2026, 10, 31, 8, 30)),
    ],
)
def test_a_native_cell(type_: Type, cell: Any, dtype: Any, expected: Any) -> None:
    assert one(cell, column(type_), dtype) == expected


def test_a_time_with_a_zone_becomes_local_time() -> None:
    utc = pl.Series([datetime(2026, 10, 31, 0, 30)]).dt.replace_time_zone("UTC")
    typed, bad = convert(utc, column(Type.TIMESTAMP), DELIVERED)
    assert typed[0] == datetime(2026, 10, 31, 8, 30)
    assert bad is None


def test_enum_and_pattern() -> None:
    sex = column(Type.TEXT, enum=("F", "M", "U"))
    assert one("F", sex) == "F"
    assert one(" F", sex) == "F"
    assert one("女", sex) is CellFault.NOT_IN_LIST
    period = column(Type.TEXT, pattern=r"^\d{4}-(0[1-9]|1[0-2])$", optional=True)
    assert one("2026-13", period) is CellFault.WRONG_PATTERN
    assert one("", period) is None


_SPECS = {
    **{type_.value: column(type_) for type_ in Type},
    "optional money": column(Type.MONEY, optional=True),
    "enum": column(Type.TEXT, enum=("F", "M")),
    "note": column(Type.TEXT, scrub=True),
    "level": column(Type.INTEGER, minimum=Decimal(1), maximum=Decimal(4)),
}
_CELLS = st.one_of(
    st.none(),
    st.sampled_from(["", " ", "0", "F", "true", "2026-10-31", "2026-10-31 10:00:00", "1970-01-01", "=1", "-1.005"]),
    st.decimals(-(10**14), 10**14, places=3).map(str),
    st.decimals(-10, 10, places=5).map(str),
    st.dates(date(1985, 1, 1), date(2030, 1, 1)).map(str),
    st.datetimes(datetime(1985, 1, 1), datetime(2030, 1, 1)).map(str),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x1c\x1d\x1e\x1f"), max_size=8),
    st.text("0123456789.+-eE ", max_size=12),
)  # fmt: skip


@given(st.sampled_from(sorted(_SPECS)), st.lists(_CELLS, min_size=1, max_size=20))
@example("text", ["\x85"])
@example("money", ["5."])
def test_a_column_at_once_and_its_cells_one_by_one_agree(name: str, cells: list[str | None]) -> None:
    spec = _SPECS[name]
    typed, bad = convert(pl.Series(cells, dtype=pl.String), spec, DELIVERED)
    at_once = [False] * len(cells) if bad is None else bad.to_list()
    assert at_once == [fault_of(cell, spec, DELIVERED) is not None for cell in cells]
    for cell, value, is_bad in zip(cells, typed, at_once, strict=True):
        if not is_bad and spec.type is Type.MONEY and value is not None and cell is not None:
            assert value == Decimal(cell.strip())


def test_repeated_texts_are_judged_like_single_ones() -> None:
    cells = ["A", "B ", "=x", None] * 5000
    typed, bad = convert(pl.Series(cells), column(Type.TEXT), DELIVERED)
    assert bad is not None
    assert bad.to_list() == [False, False, True, True] * 5000
    assert typed[:2].to_list() == ["A", "B"]


@pytest.mark.parametrize("type_", list(Type))
@pytest.mark.parametrize("cell", [[1], b"ab", {"a": 1}])
def test_a_cell_that_is_no_single_value_is_bad_in_every_type(type_: Type, cell: Any) -> None:
    _, bad = convert(pl.Series([cell, None]), column(type_, optional=True), DELIVERED)
    assert bad is not None
    assert bad.to_list() == [True, False]
    assert fault_of(cell, column(type_), DELIVERED) is not None
