"""Rows of one file that share a key: found by hash, decided exactly.

Belongs here: what becomes of them. Rows that are the same throughout are one row delivered several times: the
first stays, the others are set aside. Rows that differ contradict each other: none of them can be trusted, all
are set aside. Not here: keys across files (a later delivery wins, `lake.py`), the same event told by two members.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from pipelines.contract import Extract
from pipelines.ingest.lake import PieceWriter
from pipelines.ingest.outcomes import CellFault
from pipelines.ingest.validate import Validator, key_hash


def without_duplicates(
    piece: Path, suspects: pl.Series, extract: Extract, address: dict[str, str | date], validator: Validator
) -> tuple[Path, int]:
    """Writes a piece anew without the rows that share their key.

    Args:
        piece: all accepted rows, still aside.
        suspects: key hashes that stand more than once (`Keys.suspects`).
        extract: the contract.
        address: constant columns, as for `PieceWriter`.
        validator: is told what was set aside.

    Returns:
        the new piece and its rows; the old one where no key really stands twice.
    """
    key = list(extract.key)
    rows = pl.concat([
        group.filter(key_hash(group, key).is_in(suspects.implode())).select(
            *key, "source_row", pl.struct(list(extract.columns)).hash().alias("whole")
        )
        for group in _groups(piece)
    ])  # fmt: skip
    rows = rows.with_columns(
        pl.len().over(key).alias("rows"),
        pl.col("whole").n_unique().over(key).alias("kinds"),
        pl.col("source_row").min().over(key).alias("first"),
    ).filter(pl.col("rows") > 1)
    again = rows.filter((pl.col("kinds") == 1) & (pl.col("source_row") != pl.col("first")))
    contrary = rows.filter(pl.col("kinds") > 1)
    if again.is_empty() and contrary.is_empty():
        return piece, pq.read_metadata(piece).num_rows
    validator.set_aside(again.select("source_row", *key).sort("source_row"), CellFault.DUPLICATE_ROW)
    validator.set_aside(contrary.select("source_row", *key).sort("source_row"), CellFault.DUPLICATE_KEY)
    gone = pl.concat([again["source_row"], contrary["source_row"]])
    target = piece.with_name(".unique.parquet")
    with PieceWriter(target, extract, address) as writer:
        for group in _groups(piece):
            kept = group.filter(~pl.col("source_row").is_in(gone.implode()))
            writer.write(kept.select(*extract.columns, "source_row"))
    piece.unlink()
    return target, writer.rows


def _groups(piece: Path) -> Iterator[pl.DataFrame]:
    with pq.ParquetFile(piece) as file:
        for number in range(file.num_row_groups):
            yield pl.DataFrame(pl.from_arrow(file.read_row_group(number)))
