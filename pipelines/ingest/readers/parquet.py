"""Parquet, row group by row group, only the columns that are needed; cells keep their types.

An amount that was written as a float stays one: typing (`typed.py`) takes it at the contract's scale or refuses it.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import polars.selectors as cs
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.ingest.readers.base import Opened, Task, numbered
from pipelines.ingest.readers.errors import Unreadable


def open_file(task: Task) -> Opened:
    """Reads the footer.

    Raises:
        Unreadable: `wrong_format` where the file is no Parquet or is cut off.
    """
    try:
        with pq.ParquetFile(task.path) as file:
            schema = file.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise _broken(task, error) from error
    return Opened(schema.names, lambda used: _frames(task, used), natives=schema.names)


def _frames(task: Task, used: list[str]) -> Iterator[pl.DataFrame]:
    row = 1
    try:
        with pq.ParquetFile(task.path) as file:
            for batch in file.iter_batches(batch_size=task.batch_rows, columns=used):
                frame = pl.from_arrow(batch)
                assert isinstance(frame, pl.DataFrame)
                yield numbered(frame.with_columns(cs.categorical().cast(pl.String)), row)
                row += frame.height
    except (pa.ArrowException, OSError) as error:
        raise _broken(task, error) from error


def _broken(task: Task, error: Exception) -> Unreadable:
    return Unreadable("wrong_format", task.name, f"is no whole Parquet file ({str(error).splitlines()[0][:200]})")
