"""One column of delivered cells -> one column of the contract's type, and what is wrong with a cell.

Belongs here: how a cell becomes a decimal, a date, a boolean; the bounds, lists and patterns of one column. The
same rules stand twice on purpose: `convert` for whole columns, `fault_of` for one cell in plain Python, which
names the fault of the few bad cells (and is the independent check of the first in the tests). Not here: rules
across columns, what happens to a bad row (`validate.py`).
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import polars as pl

from pipelines.contract import POLARS_TYPES, TYPE_BOUNDS, Column, Type
from pipelines.ingest.outcomes import CellFault

TEXT_LIMIT = 500  # characters of a code, a name, a reason
NOTE_LIMIT = 200_000  # characters of a free text

_SCALE = {Type.MONEY: 2, Type.PRICE: 4, Type.QUANTITY: 4, Type.SHARE: 6}
# Amounts and prices are exact: more decimals than the contract has are a fault, not something to round away.
# Quantities and shares are measured: they are rounded half-up to the scale.
_EXACT = (Type.MONEY, Type.PRICE)
_NUMBER = r"^[+-]?(?:[0-9]{1,24}\.?[0-9]{0,30}|\.[0-9]{1,30})$"
PLAIN = {type_: rf"^[+-]?[0-9]{{1,{18 - scale}}}(?:\.[0-9]{{1,{scale}}}0*)?$" for type_, scale in _SCALE.items()}
_WHOLE = r"^[+-]?[0-9]{1,18}(?:\.0*)?$"
_STRANGE = "\ufffd"  # stands for such a cell: no number, no date, no printable text
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_UNPRINTABLE = r"[\x00-\x1f\x7f\x{80}-\x{9f}\x{FFFD}\x{FEFF}]"
_UNPRINTABLE_NOTE = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{9f}\x{FFFD}\x{FEFF}]"
# What a spreadsheet would run when somebody opens a report: =…, @…, and +… or -… that calls something.
_FORMULA = r"^(?:[=@]|[+-].*[(!|])"
_UNTRIMMED = r"^$|^\s|\s$"
NOT_CLEAN = f"{_UNTRIMMED}|{_UNPRINTABLE}|{_FORMULA}"
NOTE_NOT_CLEAN = f"{_UNTRIMMED}|{_UNPRINTABLE_NOTE}"
_TIME_FORMATS = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M")


def convert(cells: pl.Series, column: Column, delivered_on: date) -> tuple[pl.Series, pl.Series | None]:
    """Types one column of delivered cells and marks what breaks the column's rules.

    Args:
        cells: text as delivered, or native values of whatever type the reader found.
        column: its contract.
        delivered_on: dates more than a year after it are impossible.

    Returns:
        the typed column (null where a cell can't be read) and a mask that is TRUE at bad cells, or None where
        every cell is good. Good cells are trimmed; an empty text is a null.
    """
    if _is_strange(cells.dtype):
        cells = pl.Series([None if cell is None else _STRANGE for cell in cells], dtype=pl.String)
    if column.type is Type.TEXT:
        typed, bad = _text(cells, column)
    else:
        raw, typed = cells, _TYPING[column.type](cells, column.type)
        if raw.dtype == pl.String and typed.null_count() > raw.null_count():
            raw = _trimmed(cells)
            typed = _TYPING[column.type](raw, column.type)
        bad = _either(_lost(raw, typed), _outside(typed, column, delivered_on))
    if not column.optional and typed.null_count():
        bad = _either(bad, typed.is_null())
    return typed, bad


def fault_of(cell: Any, column: Column, delivered_on: date) -> CellFault | None:
    """What is wrong with one cell, or None: the rules of `convert`, told one cell at a time."""
    if isinstance(cell, str):
        cell = cell.strip() or None
    if cell is None:
        return None if column.optional else CellFault.MISSING_VALUE
    if isinstance(cell, (list, dict, bytes, pl.Series, time, timedelta)):
        cell = _STRANGE
    if column.type is Type.TEXT:
        return _text_fault(str(cell), column)
    if column.type is Type.BOOLEAN:
        return None if str(cell).lower() in _BOOLEANS else CellFault.NOT_A_BOOLEAN
    if column.type in (Type.DATE, Type.TIMESTAMP):
        return _date_fault(cell, column, delivered_on)
    return _number_fault(cell, column)


def _is_strange(dtype: pl.DataType) -> bool:
    """Whether cells are something that no contract type can be made of: lists, bytes, times of day."""
    return dtype.is_nested() or dtype in (pl.Binary, pl.Object, pl.Duration, pl.Time)


def _trimmed(cells: pl.Series) -> pl.Series:
    return _nothing_to_null(cells.str.strip_chars())


def _nothing_to_null(cells: pl.Series) -> pl.Series:
    empty = cells == ""
    return cells.set(empty, None) if empty.any() else cells


def _decimal(raw: pl.Series, type_: Type) -> pl.Series:
    target, scale = POLARS_TYPES[type_], _SCALE[type_]
    if raw.dtype.is_integer():
        return raw.cast(target, strict=False)
    if raw.dtype.is_float():
        rounded = raw.round(scale)
        if type_ in _EXACT:
            near = (raw - rounded).abs() <= 1e-9 * raw.abs().clip(lower_bound=1.0)
            rounded = rounded.set(~near.fill_null(True), None)
        return rounded.cast(target, strict=False)
    if raw.dtype.is_decimal():
        return _rescaled(raw, type_)
    text = raw.cast(pl.String)
    plain = text.str.contains(PLAIN[type_])
    typed = text.cast(target, strict=False)
    if plain.all():
        return typed
    rest = text.set(plain | ~text.str.contains(_NUMBER), None)
    typed = typed.set(~plain.fill_null(True), None)
    return typed.zip_with(rest.is_null(), _rescaled(rest.cast(pl.Decimal(38, 14), strict=False), type_))


def _rescaled(exact: pl.Series, type_: Type) -> pl.Series:
    """Decimals of another scale: rounded half-up where the type is measured, kept only if equal where exact."""
    rounded = exact.round(_SCALE[type_], mode="half_away_from_zero")
    if type_ in _EXACT:
        rounded = rounded.set((rounded != exact).fill_null(False), None)
    return rounded.cast(POLARS_TYPES[type_], strict=False)


def _integer(raw: pl.Series, type_: Type) -> pl.Series:
    if raw.dtype.is_integer():
        return raw.cast(pl.Int64, strict=False)
    if raw.dtype.is_float() or raw.dtype.is_decimal():
        whole = raw.cast(pl.Int64, strict=False)
        return whole.set((whole.cast(raw.dtype, strict=False) != raw).fill_null(True), None)
    text = raw.cast(pl.String)
    text = text.set(~text.str.contains(_WHOLE).fill_null(True), None)
    if text.str.contains(".", literal=True).any():
        text = text.str.replace(r"\.0*$", "")
    return text.cast(pl.Int64, strict=False)


def _boolean(raw: pl.Series, type_: Type) -> pl.Series:
    if raw.dtype == pl.Boolean:
        return raw
    text = raw.cast(pl.String)
    yes, no = text == "true", text == "false"
    if (yes | no).all():
        return yes
    text = text.str.to_lowercase()
    yes, no = text.is_in(["true", "1"]), text.is_in(["false", "0"])
    return yes.set((~(yes | no)).fill_null(True), None)


def _date(raw: pl.Series, type_: Type) -> pl.Series:
    if isinstance(raw.dtype, pl.Datetime):
        return _local(raw).dt.date()
    if raw.dtype == pl.Date:
        return raw
    text = raw.cast(pl.String)
    typed = text.str.to_date("%Y-%m-%d", strict=False)
    if typed.null_count() > raw.null_count():
        midnight = text.str.replace(r"[ T]00:00(:00(\.0+)?)?$", "")
        typed = typed.zip_with(typed.is_not_null(), midnight.str.to_date("%Y-%m-%d", strict=False))
    return typed


def _timestamp(raw: pl.Series, type_: Type) -> pl.Series:
    target = POLARS_TYPES[Type.TIMESTAMP]
    if isinstance(raw.dtype, pl.Datetime):
        return _local(raw).cast(target)
    if raw.dtype == pl.Date:
        return raw.cast(target)
    text = raw.cast(pl.String)
    typed = text.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    for format_ in _TIME_FORMATS:
        if typed.null_count() == raw.null_count():
            return typed
        typed = typed.zip_with(typed.is_not_null(), text.str.to_datetime(format_, time_unit="us", strict=False))
    if typed.null_count() > raw.null_count():
        typed = typed.zip_with(typed.is_not_null(), text.str.to_date("%Y-%m-%d", strict=False).cast(target))
    if typed.null_count() > raw.null_count():
        typed = typed.zip_with(typed.is_not_null(), _zoned(text))
    return typed


def _zoned(text: pl.Series) -> pl.Series:
    """Times that name their zone (FHIR, JSON), as local time."""
    plain = text.str.replace(" ", "T", literal=True).str.replace(r"[Zz]$", "+00:00")
    plain = plain.set(~plain.str.contains(r"[+-][0-9]{2}:?[0-9]{2}$").fill_null(True), None)
    zoned = plain.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us", time_zone="UTC", strict=False)
    return _local(zoned)


def _local(times: pl.Series) -> pl.Series:
    if isinstance(times.dtype, pl.Datetime) and times.dtype.time_zone is not None:
        return times.dt.convert_time_zone("Asia/Shanghai").dt.replace_time_zone(None)
    return times


def _as_text(raw: pl.Series) -> pl.Series:
    if raw.dtype == pl.String:
        return raw
    if raw.dtype.is_float():
        whole = raw.cast(pl.Int64, strict=False)
        same = (whole.cast(raw.dtype) == raw).fill_null(False)
        return raw.cast(pl.String).zip_with(~same, whole.cast(pl.String))
    return raw.cast(pl.String)


_TYPING = {
    Type.DATE: _date, Type.TIMESTAMP: _timestamp, Type.INTEGER: _integer, Type.BOOLEAN: _boolean,
    Type.MONEY: _decimal, Type.PRICE: _decimal, Type.QUANTITY: _decimal, Type.SHARE: _decimal,
}  # fmt: skip


def _text(cells: pl.Series, column: Column) -> tuple[pl.Series, pl.Series | None]:
    """Trimmed texts and the bad ones: judged per distinct value where values repeat (codes, names), else per row."""
    text = _as_text(cells)
    distinct = text
    if text.len() > 10_000 and text.head(2000).n_unique() < 1000:
        distinct = text.unique()
    if not column.enum and not column.scrub and not column.pattern and not distinct.str.contains(NOT_CLEAN).any():
        too_long = (distinct.str.len_bytes() > TEXT_LIMIT).any()
        return text, _judge_text(text, column) if too_long else None
    if distinct.str.contains(_UNTRIMMED).any():
        text = _trimmed(text)
        distinct = text if distinct.len() == text.len() else text.unique()
    bad = _judge_text(distinct, column)
    if bad is None or distinct.len() == text.len():
        return text, bad
    return text, text.is_in(distinct.filter(bad).implode())


def _judge_text(text: pl.Series, column: Column) -> pl.Series | None:
    if column.enum:
        return _some((~text.is_in(list(column.enum))).fill_null(False))
    if column.scrub:
        bad = text.str.contains(_UNPRINTABLE_NOTE) | (text.str.len_chars() > NOTE_LIMIT)
    else:
        bad = text.str.contains(f"{_UNPRINTABLE}|{_FORMULA}") | (text.str.len_bytes() > TEXT_LIMIT)
        if bad.any():
            bad = text.str.contains(f"{_UNPRINTABLE}|{_FORMULA}") | (text.str.len_chars() > TEXT_LIMIT)
    if column.pattern:
        bad = bad | ~text.str.contains(column.pattern)
    return _some(bad.fill_null(False))


def _outside(typed: pl.Series, column: Column, delivered_on: date) -> pl.Series | None:
    low, high = limits(column, delivered_on)
    if typed.len() == typed.null_count():
        return None
    bad = None
    if low is not None and (typed.min() < low):
        bad = (typed < low).fill_null(False)
    if high is not None and (typed.max() > high):
        bad = _either(bad, (typed > high).fill_null(False))
    return bad


def limits(column: Column, delivered_on: date) -> tuple[Any, Any]:
    """Inclusive limits of a column; an unsaid upper limit of dates is a year after the delivery."""
    low, high = column.minimum, column.maximum
    if column.type in (Type.DATE, Type.TIMESTAMP):
        high = high or delivered_on + timedelta(days=366)
    if column.type is Type.TIMESTAMP:
        low = datetime.combine(low, time()) if isinstance(low, date) else low
        high = datetime.combine(high, time(23, 59, 59)) if isinstance(high, date) else high
    return low, high


def _lost(raw: pl.Series, typed: pl.Series) -> pl.Series | None:
    if typed.null_count() == raw.null_count():
        return None
    return typed.is_null() & raw.is_not_null()


def _either(one: pl.Series | None, other: pl.Series | None) -> pl.Series | None:
    if one is None or other is None:
        return other if one is None else one
    return one | other


def _some(mask: pl.Series) -> pl.Series | None:
    return mask if mask.any() else None


def _text_fault(text: str, column: Column) -> CellFault | None:
    if column.enum:
        return None if text in column.enum else CellFault.NOT_IN_LIST
    if len(text) > (NOTE_LIMIT if column.scrub else TEXT_LIMIT):
        return CellFault.TEXT_TOO_LONG
    if any(_is_unprintable(c) and not (column.scrub and c in "\t\n\r") for c in text):
        return CellFault.UNPRINTABLE_TEXT
    if not column.scrub and (text[0] in "=@" or (text[0] in "+-" and any(c in text for c in "(!|"))):
        return CellFault.FORMULA_IN_TEXT
    if column.pattern and not re.search(column.pattern, text):
        return CellFault.WRONG_PATTERN
    return None


def _is_unprintable(c: str) -> bool:
    return ord(c) < 32 or 127 <= ord(c) < 160 or c in "\ufffd\ufeff"


def _date_fault(cell: Any, column: Column, delivered_on: date) -> CellFault | None:
    as_column = _TYPING[column.type](pl.Series([cell]), column.type)[0]
    if as_column is None:
        return CellFault.NOT_A_DATE if column.type is Type.DATE else CellFault.NOT_A_TIMESTAMP
    low, high = limits(column, delivered_on)
    return None if low <= as_column <= high else CellFault.IMPOSSIBLE_DATE


def _number_fault(cell: Any, column: Column) -> CellFault | None:
    is_text = isinstance(cell, str)
    try:
        number = Decimal(cell) if is_text and re.fullmatch(_NUMBER, cell, re.ASCII) else Decimal(str(cell))
    except InvalidOperation:
        return CellFault.NOT_A_NUMBER
    if not number.is_finite() or (is_text and not re.fullmatch(_NUMBER, cell, re.ASCII)) or isinstance(cell, bool):
        return CellFault.NOT_A_NUMBER
    if column.type is Type.INTEGER and number != number.to_integral_value():
        return CellFault.NOT_AN_INTEGER
    if column.type in _SCALE:
        step = Decimal(1).scaleb(-_SCALE[column.type])
        noise = Decimal("1e-9") * max(Decimal(1), abs(number)) if isinstance(cell, float) else Decimal(0)
        if column.type in _EXACT and abs(number - _nearest(number, step)) > noise:
            return CellFault.TOO_MANY_DECIMALS
        number = _nearest(number, step)
    low, high = column.minimum, column.maximum
    type_low, type_high = TYPE_BOUNDS[column.type]
    low, high = (low if low is not None else type_low), (high if high is not None else type_high)
    if number < low:  # type: ignore[operator]
        return CellFault.BELOW_MINIMUM
    return CellFault.ABOVE_MAXIMUM if number > high else None  # type: ignore[operator]


def _nearest(number: Decimal, step: Decimal) -> Decimal:
    """The multiple of `step` nearest to a number, half away from zero."""
    count = (number / step).to_integral_value("ROUND_HALF_UP")
    return count * step
