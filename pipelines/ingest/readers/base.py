"""What every format's reader is given and gives back.

Here: `Task` (one file to read), `Opened` (its headers, and its rows on demand) and small helpers that more than
one format needs. Not here: anything of a single format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pipelines.ingest.readers.errors import Unreadable

if TYPE_CHECKING:
    from pipelines.ingest.adapter import Mapping

ROW = "source_row"
RECORDS = 25_000


@dataclass(frozen=True)
class Task:
    """One delivered file, how it is laid out, and how many rows a frame may have."""

    path: Path
    mapping: Mapping
    batch_rows: int
    parameters: AnyMapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name, as errors say it."""
        return self.path.name

    def wanted(self) -> list[str]:
        """Every header that the mapping may read, each once."""
        headers: dict[str, None] = {}
        for column in self.mapping.columns.values():
            headers.update(dict.fromkeys([*column.headers, *column.beside]))
        return list(headers)

    def types_of(self, header: str) -> set[str]:
        """Contract types of the columns that read a header."""
        return {self.mapping.types[name] for name, rule in self.mapping.columns.items() if header in rule.headers}


@dataclass(frozen=True)
class Opened:
    """A file whose head has been read.

    `frames(used)` starts at the first row and yields frames with the columns `used` (spelled as in `headers`) and
    `source_row` (Int64, 1 = first data row). Cells are text, except in the columns named by `natives`.
    """

    headers: list[str]
    frames: Callable[[list[str]], Iterator[pl.DataFrame]]
    natives: list[str] = field(default_factory=list)


def numbered(frame: pl.DataFrame, first: int) -> pl.DataFrame:
    """The frame with `source_row`, counted from `first`."""
    return frame.with_columns(pl.int_range(first, first + frame.height, dtype=pl.Int64).alias(ROW))


def without_blank_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Without rows that hold nothing; the others keep their numbers."""
    cells = [name for name in frame.columns if name != ROW]
    blank = frame.select(pl.all_horizontal(pl.col(cells).is_null())).to_series() if cells else pl.Series([False])
    return frame.filter(~blank) if blank.any() else frame


def from_records(
    records: Iterable[Sequence[str | None]], headers: Sequence[str], batch_rows: int
) -> Iterator[pl.DataFrame]:
    """Frames of text from records in the order of `headers`, numbered from 1; small ones, Python cells are large."""
    batch_rows = min(batch_rows, RECORDS)
    schema = dict.fromkeys(headers, pl.String)
    columns: list[list[str | None]] = [[] for _ in headers]
    first, held = 1, 0
    for record in records:
        for column, cell in zip(columns, record, strict=True):
            column.append(cell)
        held += 1
        if held == batch_rows:
            yield numbered(pl.DataFrame(dict(zip(headers, columns, strict=True)), schema=schema), first)
            columns = [[] for _ in headers]
            first, held = first + held, 0
    if held:
        yield numbered(pl.DataFrame(dict(zip(headers, columns, strict=True)), schema=schema), first)


def require_file(path: Path) -> None:
    """Refuses what is no plain file or is empty."""
    if not path.is_file():
        raise Unreadable("file_missing", path.name, "the manifest names it, but there is no such file")
    if path.stat().st_size == 0:
        raise Unreadable("file_empty", path.name, "has no byte; deliver it again")
