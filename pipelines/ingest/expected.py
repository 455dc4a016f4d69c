"""A batch typed at once, on the assumption that its cells are as the contract wants them.

Belongs here: the quick way for what nearly every batch is. Whatever does not fit is named, and goes the slow way
(`typed.convert`), column by column; a cell is never accepted here that would be refused there (a test holds the
two together). Not here: what is wrong with a cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.contract import POLARS_TYPES, Column, Type
from pipelines.ingest import typed

_REPEATS_FROM = 10_000  # rows from which it pays to look at distinct texts instead of all
_SAMPLE = 2_000


@dataclass(frozen=True)
class Expected:
    """A batch on the quick way.

    Attributes:
        frame: the contract's columns, typed; those in `doubtful` are not to be used.
        doubtful: columns with a cell that may be bad, or may only be written in another way.
        rules_hold: whether no row breaks a row rule; means nothing while columns are doubtful.
    """

    frame: pl.DataFrame
    doubtful: frozenset[str]
    rules_hold: bool


def expect(
    batch: pl.DataFrame, columns: Mapping[str, Column], rules: Sequence[pl.Expr], delivered_on: date
) -> Expected:
    """Types a batch and names the columns that need a closer look.

    Args:
        batch: every column of the contract, text or native.
        columns: the contract's.
        rules: row rules, TRUE for a bad row.
        delivered_on: date of the delivery.
    """
    readers = {name: _reader(batch[name], column) for name, column in columns.items()}
    doubtful = {name for name, reader in readers.items() if reader is None}
    quick = {name: column for name, column in columns.items() if name not in doubtful}
    frame = batch.select(
        [
            (pl.lit(None, POLARS_TYPES[columns[name].type]) if reader is None else reader).alias(name)
            for name, reader in readers.items()
        ]
    )  # fmt: skip
    for name, column in quick.items():
        empty = frame[name].null_count()
        if empty != batch[name].null_count() or (empty and not column.optional):
            doubtful.add(name)
    doubtful |= _doubtful_texts(batch, {n: c for n, c in quick.items() if c.type is Type.TEXT and n not in doubtful})
    outside, rules_hold = _outside(frame, {n: c for n, c in quick.items() if n not in doubtful}, rules, delivered_on)
    return Expected(frame, frozenset(doubtful | outside), rules_hold)


def _reader(cells: pl.Series, column: Column) -> pl.Expr | None:
    """How the cells of a column are expected to be read; None where nothing is expected of their type."""
    x, target = pl.col(cells.name), POLARS_TYPES[column.type]
    if cells.dtype == target:
        return x
    if cells.dtype != pl.String:
        if isinstance(cells.dtype, pl.Decimal) and isinstance(target, pl.Decimal) and cells.dtype.scale <= target.scale:
            return x.cast(target, strict=False)
        return None
    match column.type:
        case Type.DATE:
            return x.str.to_date("%Y-%m-%d", strict=False)
        case Type.TIMESTAMP:
            return x.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
        case Type.BOOLEAN:
            return pl.when(x == "true").then(True).when(x == "false").then(False)
        case Type.INTEGER:
            return pl.when(x.str.contains(r"^[+-]?[0-9]{1,18}$")).then(x.cast(pl.Int64, strict=False))
        case _:
            return pl.when(x.str.contains(typed.PLAIN[column.type])).then(x.cast(target, strict=False))


def _doubtful_texts(batch: pl.DataFrame, texts: Mapping[str, Column]) -> set[str]:
    if not texts:
        return set()
    repeating: set[str] = set()
    if batch.height >= _REPEATS_FROM:
        seen = batch.head(_SAMPLE).select(pl.col(list(texts)).n_unique()).row(0, named=True)
        repeating = {name for name, distinct in seen.items() if distinct < _SAMPLE // 2}
    flags = batch.select(
        _is_doubtful(pl.col(name).unique() if name in repeating else pl.col(name), column).fill_null(False).alias(name)
        for name, column in texts.items()
    ).row(0, named=True)
    return {name for name, flag in flags.items() if flag}


def _is_doubtful(x: pl.Expr, column: Column) -> pl.Expr:
    if column.enum:
        return (~x.is_in(list(column.enum))).any()
    if column.scrub:
        return x.str.contains(typed.NOTE_NOT_CLEAN).any() | (x.str.len_chars().max() > typed.NOTE_LIMIT)
    doubtful = x.str.contains(typed.NOT_CLEAN).any() | (x.str.len_bytes().max() > typed.TEXT_LIMIT)
    return doubtful | (~x.str.contains(column.pattern)).any() if column.pattern else doubtful


def _outside(
    frame: pl.DataFrame, columns: Mapping[str, Column], rules: Sequence[pl.Expr], delivered_on: date
) -> tuple[set[str], bool]:
    """Columns with a value beyond its limits, and whether the row rules hold, in one pass."""
    limits = {name: typed.limits(column, delivered_on) for name, column in columns.items()
              if column.type not in (Type.TEXT, Type.BOOLEAN)}  # fmt: skip
    asked = [pl.col(name).min().alias(f"low {name}") for name in limits]
    asked += [pl.col(name).max().alias(f"high {name}") for name in limits]
    asked += [rule.fill_null(False).any().alias(f"rule {n}") for n, rule in enumerate(rules)]
    if not asked:
        return set(), True
    found = frame.select(asked).row(0, named=True)
    outside = set()
    for name, (low, high) in limits.items():
        least, most = found[f"low {name}"], found[f"high {name}"]
        if least is not None and ((low is not None and least < low) or (high is not None and most > high)):
            outside.add(name)
    return outside, not any(found[f"rule {n}"] for n in range(len(rules)))
