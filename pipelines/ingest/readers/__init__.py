"""Delivered files as frames of canonical columns, one module per format (S5-PLAT-05).

Here: the two doors, `batches` for a night and `open_file` for whoever wants to see the vendor's cells first.
Not here: formats (one module each), steps on cells (`cells.py`), the contract's judgement (`ingest/validate.py`).
Every reader streams; the only error that bad input raises is `Unreadable`.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pipelines.ingest.readers.base import Opened, Task, require_file
from pipelines.ingest.readers.cells import Binding, bind
from pipelines.ingest.readers.errors import Unreadable, damage_is_unreadable

if TYPE_CHECKING:
    from pipelines.contract import Extract
    from pipelines.ingest.adapter import Mapping

__all__ = ["BATCH_ROWS", "Unreadable", "batches", "open_file"]

BATCH_ROWS = 200_000


def batches(
    path: Path,
    mapping: Mapping,
    extract: Extract,
    batch_rows: int = BATCH_ROWS,
    parameters: AnyMapping[str, str] | None = None,
) -> Iterator[pl.DataFrame]:
    """A delivered file in canonical columns.

    Args:
        path: the file.
        mapping: how it is laid out (`Adapter.mapping_for`).
        extract: its contract.
        batch_rows: most rows of a frame; bounds the memory.
        parameters: values for `:period`, `:member_id` in a SQL source's query.

    Yields:
        frames with every column of the contract in its order and `source_row` (Int64, 1 = first data row).
        Cells are text, or native types where the file has them; columns that the vendor doesn't deliver are empty.
        Nothing is yielded for a file without rows.

    Raises:
        Unreadable: the file, or a row of it, can't be read; says the reason, the place and what to do.
    """
    if mapping.extract != extract.name:
        raise ValueError(f"a mapping of {mapping.extract} can't read {extract.name}")
    binding, opened = open_file(path, mapping, batch_rows, parameters)
    with damage_is_unreadable(path.name):
        for raw in opened.frames(binding.used):
            yield binding.to_canonical(raw)


def open_file(
    path: Path, mapping: Mapping, batch_rows: int = BATCH_ROWS, parameters: AnyMapping[str, str] | None = None
) -> tuple[Binding, Opened]:
    """The head of a file, bound to its mapping; rows come with `opened.frames(binding.used)`.

    Raises:
        Unreadable: as `batches`.
    """
    require_file(path)
    task = Task(path, mapping, batch_rows, parameters or {})
    with damage_is_unreadable(path.name):
        opened: Opened = import_module(f"{__name__}.{mapping.format}").open_file(task)
    return bind(mapping, opened.headers, path.name, opened.natives), opened
