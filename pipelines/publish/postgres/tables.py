"""Tables for marts: types, comments, keys, indexes, and the stream of their rows.

Belongs here: what one mart becomes in Postgres. Does not belong here: who may read it (`access`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import psycopg2
from psycopg2 import sql

from pipelines.publish.errors import PublicationError
from pipelines.publish.marts import Column, Mart, quoted

_TYPES = {
    "VARCHAR": "text", "BOOLEAN": "boolean", "TINYINT": "smallint", "SMALLINT": "smallint", "INTEGER": "integer",
    "BIGINT": "bigint", "DOUBLE": "double precision", "DATE": "date",
    "TIMESTAMP": "timestamp",
}  # fmt: skip

_BATCH = 100_000
"""Rows that are in memory at a time."""


def postgres_type(kind: str) -> str:
    """The type of a column: DECIMAL keeps its digits as numeric, a list becomes an array."""
    if kind.endswith("[]"):
        return postgres_type(kind.removesuffix("[]")) + "[]"
    return kind.replace("DECIMAL", "numeric") if kind.startswith("DECIMAL") else _TYPES[kind]


def create(cursor: Any, mart: Mart, table: sql.Composable) -> None:
    """An empty table with the mart's columns and comments."""
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(postgres_type(column.type)))
        for column in mart.columns
    ]
    cursor.execute(sql.SQL("create table {} ({})").format(table, sql.SQL(", ").join(columns)))
    cursor.execute(sql.SQL("comment on table {} is %s").format(table), (mart.comment or None,))
    for column in mart.columns:
        name = sql.SQL("{}.{}").format(table, sql.Identifier(column.name))
        cursor.execute(sql.SQL("comment on column {} is %s").format(name), (column.comment or None,))


def copy(cursor: Any, source: duckdb.DuckDBPyConnection, mart: Mart, relation: str, table: sql.Composable) -> None:
    """Streams the rows of a mart into its table, a batch at a time."""
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in mart.columns)
    statement = sql.SQL("copy {} ({}) from stdin").format(table, names)
    cursor.copy_expert(statement, _Lines(_lines(source, mart, relation)), size=1 << 20)


def verify(
    cursor: Any, source: duckdb.DuckDBPyConnection, mart: Mart, relation: str, table: sql.Composable
) -> tuple[int, dict[str, int]]:
    """Compares a loaded table with the published mart: rows, filled cells of every column, sums of every number.

    Returns:
        rows, and filled cells per column.

    Raises:
        PublicationError: something differs; names the mart, the column and both figures.
    """
    cells = ", ".join(_measures(quoted(column.name), column) for column in mart.columns)
    expected = source.execute(f"select count(*)::varchar, {cells} from {relation}").fetchone()
    assert expected is not None
    here = ", ".join(_measures(quoted(column.name), column) for column in mart.columns)
    cursor.execute(sql.SQL("select count(*)::varchar, {} from {}").format(sql.SQL(here.replace("%", "%%")), table))
    found = cursor.fetchone()
    labels = ["rows", *(f"{column.name} {what}" for column in mart.columns for what in ("filled", "sum"))]
    for label, wanted, got in zip(labels, expected, found, strict=True):
        if wanted != got:
            raise PublicationError(
                f"Postgres holds {mart.full_name} {label} {got}, the publication {wanted}: not switched"
            )
    filled = {column.name: int(expected[1 + 2 * place]) for place, column in enumerate(mart.columns)}
    return int(expected[0]), filled


def index(cursor: Any, mart: Mart, table: sql.Composable, key: Sequence[str], without_null: bool) -> None:
    """The key of a mart, and what its readers filter by.

    Args:
        cursor: in the transaction that loads.
        mart: its columns.
        table: the loaded table.
        key: columns of the key; none where dbt tests none.
        without_null: every key cell is filled, so that the key can be the primary key.

    Raises:
        PublicationError: two rows have the same key.
    """
    columns = sql.SQL(", ").join(map(sql.Identifier, key))
    if key:
        statement = (
            "alter table {} add primary key ({})"
            if without_null
            else "create unique index on {} ({}) nulls not distinct"
        )
        try:
            cursor.execute(sql.SQL(statement).format(table, columns))
        except psycopg2.errors.UniqueViolation as error:
            raise PublicationError(
                f"{mart.full_name} has rows with the same key: {error.diag.message_detail}"
            ) from None
    names = {column.name for column in mart.columns}
    filters = [name for name in ("member_id", "period") if name in names]
    if filters and list(key[: len(filters)]) != filters:
        cursor.execute(
            sql.SQL("create index on {} ({})").format(table, sql.SQL(", ").join(map(sql.Identifier, filters)))
        )
    cursor.execute(sql.SQL("analyze {}").format(table))


def _measures(name: str, column: Column) -> str:
    """Filled cells and, of exact numbers, their sum: SQL that both engines read."""
    exact = column.type.startswith("DECIMAL") or column.type in (
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
    )
    return f"count({name})::varchar, " + (f"sum({name})::varchar" if exact else "null::varchar")


def _lines(source: duckdb.DuckDBPyConnection, mart: Mart, relation: str) -> Iterator[memoryview]:
    """The rows as text of COPY, one buffer a batch: cells joined by tabs, `\\N` for NULL, a line feed at the end."""
    cells = ", ".join(f"coalesce({_cell(column)}, '\\N')" for column in mart.columns)
    source.execute("set produce_arrow_string_view = false")
    result = source.sql(f"select concat_ws(chr(9), {cells}) || chr(10) as line from {relation}")
    for batch in result.to_arrow_reader(_BATCH):
        column = batch.column(0)
        if len(column) == 0:
            continue
        _, offsets, data = column.buffers()
        wide = column.type == "large_string"
        places = memoryview(offsets).cast("q" if wide else "i")
        yield memoryview(data)[places[column.offset] : places[column.offset + len(column)]]


def _cell(column: Column) -> str:
    name = quoted(column.name)
    if column.type.endswith("[]"):
        element = "'\"' || replace(replace(e::varchar, '\\', '\\\\'), '\"', '\\\"') || '\"'"
        items = f"array_to_string(list_transform({name}, lambda e: coalesce({element}, 'NULL')), ',')"
        return _escaped(f"case when {name} is not null then '{{' || {items} || '}}' end")
    return _escaped(name) if column.type == "VARCHAR" else f"{name}::varchar"


def _escaped(text: str) -> str:
    for character, name in (("'\\'", "\\\\"), ("chr(9)", "\\t"), ("chr(10)", "\\n"), ("chr(13)", "\\r")):
        text = f"replace({text}, {character}, '{name}')"
    return text


class _Lines:
    """A readable stream over buffers, as COPY wants one."""

    def __init__(self, buffers: Iterator[memoryview]) -> None:
        self._buffers = buffers
        self._rest = memoryview(b"")

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; none at the end."""
        while not self._rest:
            following = next(self._buffers, None)
            if following is None:
                return b""
            self._rest = following
        piece, self._rest = self._rest[:size], self._rest[size:]
        return bytes(piece)
