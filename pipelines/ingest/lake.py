"""The lake: accepted rows as immutable pieces, and the version in force that is composed out of them.

All members' data of all their systems lie here alike (S1-PLAT-01).

Belongs here: writing a piece aside and renaming it, and putting a member's snapshot and later appends together.
Not here: which rows are accepted (`validate.py`), which version a night uses (`pipelines/gates`).

    home/lake/<extract>/<member>/<period>/<delivery_date>-<hash>.parquet     one accepted file
    home/lake/<extract>/<member>/<period>/composed-<hash>.parquet            several, put together

The same rows in the same order make the same bytes: row groups have a fixed size, whatever the batches were.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import TracebackType

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import contract
from pipelines.contract import Extract, Type
from pipelines.settings import Settings
from pipelines.state import State

ROW_GROUP = 50_000


class PieceWriter:
    """Writes accepted rows to a Parquet file, streaming.

    Args:
        path: where to write, aside from the lake.
        extract: gives the columns and their types.
        address: the constant columns of every row: member_id, period, delivery_date, source_file.
    """

    def __init__(self, path: Path, extract: Extract, address: dict[str, str | date]) -> None:
        self.path = path
        self.rows = 0
        self._schema = extract.polars_schema()
        self._columns = [
            pl.lit(address[name], type_).alias(name) if name in address else pl.col(name)
            for name, type_ in self._schema.items()
        ]
        self._waiting: list[pl.DataFrame] = []
        self._writer = _writer(path, extract)

    def write(self, rows: pl.DataFrame) -> None:
        """Takes rows of the contract's columns and `source_row`."""
        self.rows += rows.height
        self._waiting.append(rows)
        if sum(frame.height for frame in self._waiting) >= ROW_GROUP:
            self._flush(ROW_GROUP)

    def __enter__(self) -> PieceWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None:
            self._flush(1)
        self._writer.close()

    def _flush(self, at_least: int) -> None:
        frame = pl.concat(self._waiting) if self._waiting else pl.DataFrame()
        while frame.height >= at_least:
            group = frame.head(ROW_GROUP).select(self._columns)
            if group.schema != self._schema:
                raise TypeError(f"rows of {self.path.name} are not of the contract's types: {group.schema}")
            self._writer.write_table(_arrow(group), row_group_size=ROW_GROUP)
            frame = frame.slice(ROW_GROUP)
        self._waiting = [frame] if frame.height else []


def settle(aside: Path, target: Path) -> None:
    """Puts a finished file under its final name: durable first, then one rename."""
    with aside.open("rb") as handle:
        os.fsync(handle.fileno())
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(aside, target)


@dataclass(frozen=True, slots=True)
class Piece:
    """One accepted file in the lake, as the state remembers it."""

    member_id: str
    extract: str
    period: str
    delivery_date: date
    file: str
    mode: str
    path: Path
    rows: int


@dataclass(frozen=True, slots=True)
class Version:
    """What is newest of a member's extract and period.

    Attributes:
        version: digest of the pieces it is made of, in their order.
        delivery_date: of its newest piece.
        path: one Parquet file under the lake; a single snapshot is the piece itself.
    """

    member_id: str
    extract: str
    period: str
    version: str
    delivery_date: date
    path: Path
    rows: int


def versions(settings: Settings, state: State, member_id: str | None = None) -> list[Version]:
    """The newest version of every member, extract and period, whatever the order in which its pieces arrived.

    A version of several pieces is composed into a file of its own, once.
    """
    groups: dict[tuple[str, str, str], list[Piece]] = {}
    for piece in _pieces(settings, state, member_id):
        groups.setdefault((piece.member_id, piece.extract, piece.period), []).append(piece)
    return [_version(settings, _effective(laid)) for laid in groups.values()]


def in_use(settings: Settings, state: State, member_id: str) -> set[Path]:
    """Files of a member in the lake that something still speaks of: pieces, their versions, what gate 1 released."""
    mine = _pieces(settings, state, member_id)
    released = state.rows("select path from release where member_id = ?", (member_id,))
    composed = {version.path for version in versions(settings, state, member_id)}
    return {piece.path for piece in mine} | {settings.lake / row["path"] for row in released} | composed


def _pieces(settings: Settings, state: State, member_id: str | None) -> list[Piece]:
    rows = state.rows(
        "select * from piece where ? is null or member_id = ? order by member_id, extract, period, delivery_date, "
        "case mode when 'snapshot' then 0 else 1 end, file",
        (member_id, member_id),
    )
    return [
        Piece(
            row["member_id"], row["extract"], row["period"], date.fromisoformat(row["delivery_date"]), row["file"],
            row["mode"], settings.home / row["path"], row["rows"],
        )
        for row in rows
    ]  # fmt: skip


def _effective(laid: Sequence[Piece]) -> list[Piece]:
    """The newest snapshot and what was appended since; without a snapshot, everything appended."""
    newest = max((n for n, piece in enumerate(laid) if piece.mode == "snapshot"), default=0)
    return list(laid[newest:])


def _version(settings: Settings, laid: Sequence[Piece]) -> Version:
    first, newest = laid[0], laid[-1]
    digest = _digest(f"{piece.path.name}:{piece.mode}" for piece in laid)
    path, rows = first.path, first.rows
    if len(laid) > 1:
        path = first.path.with_name(f"composed-{digest}.parquet")
        if not path.exists():
            _compose(laid, contract.load().extracts[first.extract], path, settings)
        rows = pq.read_metadata(path).num_rows
    return Version(first.member_id, first.extract, first.period, digest, newest.delivery_date, path, rows)


def _compose(laid: Sequence[Piece], extract: Extract, target: Path, settings: Settings) -> None:
    """Lays pieces over each other: later ones win by primary key; ordered by delivery and place in the file."""
    import duckdb

    key = ", ".join(f'"{name}"' for name in extract.key)
    schema = extract.polars_schema()
    columns = ", ".join(f'"{name}"' for name in schema)
    layers = " union all by name ".join(
        f"select *, {layer} as _layer from read_parquet({_quoted(piece.path)})" for layer, piece in enumerate(laid)
    )
    aside = settings.home / "composing" / f"{os.getpid()}-{target.stem}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '1GB'; set temp_directory = {_quoted(aside / 'spill')}")
        found = connection.sql(
            f"select {columns} from ({layers}) "
            f"qualify row_number() over (partition by {key} order by _layer desc, source_row desc) = 1 "
            "order by _layer, source_row"
        )
        with _writer(aside / target.name, extract) as writer:
            reader: pa.RecordBatchReader = found.to_arrow_reader(ROW_GROUP)
            for batch in reader:
                frame = pl.DataFrame(pl.from_arrow(batch), schema=schema)
                writer.write_table(_arrow(frame), row_group_size=ROW_GROUP)
    settle(aside / target.name, target)
    shutil.rmtree(aside, ignore_errors=True)


def piece_name(delivery_date: date, *parts: str) -> str:
    """File name of a piece: what made it decides the name."""
    return f"{delivery_date.isoformat()}-{_digest(parts)}.parquet"


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def _writer(path: Path, extract: Extract) -> pq.ParquetWriter:
    """A Parquet writer that spends its time where it pays: dictionaries for values that repeat, statistics for
    what is filtered by range."""
    columns = extract.columns.values()
    repeat = [c.name for c in columns if c.name not in extract.key and c.type not in (Type.MONEY, Type.TIMESTAMP)]
    ranged = [c.name for c in columns if c.type is not Type.TEXT]
    return pq.ParquetWriter(
        path, _arrow_schema(extract.name), compression="zstd", compression_level=1,
        write_statistics=[*ranged, "period"],
        use_dictionary=[*repeat, "member_id", "period", "delivery_date", "source_file"],
    )  # fmt: skip


@cache
def _arrow_schema(extract: str) -> pa.Schema:
    return _arrow(pl.DataFrame(schema=contract.load().extracts[extract].polars_schema())).schema


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
