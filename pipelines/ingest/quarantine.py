"""Where bad cells are listed: one Parquet file per delivered file, in the columns of `governance.quarantine`.

Belongs here: the layout and the address of that file. Not here: what is bad (`validate.py`), what may be shown of
a value (`scrubbing.py`). A quarantine file holds no row of the delivery, only the masked value of each bad cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.ingest.lake import piece_name
from pipelines.ingest.validate import FAULT_SCHEMA


def write(
    aside: Path, faults: Sequence[pl.DataFrame], *, member_id: str, delivery_date: date, extract: str, file: str
) -> int:
    """Writes the faults of one file, ordered by row and column, and returns how many cells they are."""
    listed = pl.concat(faults) if faults else pl.DataFrame(schema=FAULT_SCHEMA)
    listed = listed.sort("row_number", "column_name", maintain_order=True)
    frame = listed.select(
        pl.lit(member_id).alias("member_id"),
        pl.lit(delivery_date).alias("delivery_date"),
        pl.lit(extract).alias("extract"),
        pl.lit(file).alias("file"),
        *FAULT_SCHEMA,
    )
    frame.write_parquet(aside, compression="zstd")
    return frame.height


def place(quarantine: Path, member_id: str, delivery_date: date, extract: str, file: str, sha256: str) -> Path:
    """Where the quarantine file of a delivered file stands."""
    return quarantine / extract / member_id / piece_name(delivery_date, file, sha256)
