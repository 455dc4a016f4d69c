"""What stands in a warehouse ready to be published: marts, their columns, types and comments.

Belongs here: the list of published areas, and reading a database's catalogue. Does not belong here: rows of a mart,
and how anything is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from pipelines.publish.errors import PublicationError
from pipelines.settings import MISTAKEN_OPTIMIZERS

AREAS = (
    "core", "ledger", "cost", "sharing", "budget", "treasury", "payment", "operations", "primary_care",
    "performance", "risk", "governance",
)  # fmt: skip
"""Schemas that are published, in the order of the interface. Anything else in the warehouse stays inside."""

RECORDS = "governance"
"""The schema that records the run itself. It is hashed apart: the same deliveries give the same marts, whenever they
are run, but never the same record of a run."""

READABLE = re.compile(
    r"(VARCHAR|BOOLEAN|TINYINT|SMALLINT|INTEGER|BIGINT|DOUBLE|DATE|TIMESTAMP|DECIMAL\(\d+,\d+\))(\[\])?"
)
"""Types that every reader of a publication knows: DuckDB 1.x, Parquet and Postgres."""


@dataclass(frozen=True)
class Column:
    """A column of a mart. `comment` is what the warehouse holds, Chinese and English in one text."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class Mart:
    """A mart: where it stands and what it is made of.

    `narrowed` are columns that the warehouse holds as HUGEINT, which a sum of integers becomes. Parquet would make
    doubles of them, so they are published as BIGINT; one that does not fit ends the publication.
    """

    schema: str
    name: str
    comment: str
    columns: tuple[Column, ...]
    narrowed: tuple[str, ...] = ()

    def relation(self, database: str) -> str:
        """SQL that yields the rows with the types of `columns`."""
        table = quoted(database, self.schema, self.name)
        if not self.narrowed:
            return table
        casts = ", ".join(f"cast({quoted(name)} as bigint) as {quoted(name)}" for name in self.narrowed)
        return f"(select * replace ({casts}) from {table})"

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def has_member(self) -> bool:
        """Whether rows belong to a member, so that a member's login sees only its own."""
        return any(column.name == "member_id" for column in self.columns)


def connect(memory: str = "2GB", threads: int = 2, spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """An empty in-memory DuckDB that keeps to the limits of the run and never reaches for the network.

    Args:
        memory: limit, as DuckDB writes it.
        threads: worker threads.
        spill: folder for intermediate results that outgrow the memory; none means none may.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "threads": str(threads),
        "preserve_insertion_order": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "disabled_optimizers": MISTAKEN_OPTIMIZERS,
    }
    if spill is not None:
        spill.mkdir(parents=True, exist_ok=True)
        config["temp_directory"] = str(spill)
    return duckdb.connect(config=config)


def attach(connection: duckdb.DuckDBPyConnection, path: Path, alias: str) -> None:
    """Attaches a database read-only.

    Raises:
        PublicationError: it is not there, or another process writes to it.
    """
    if not path.exists():
        raise PublicationError(f"{path} does not exist: build the marts first (`yilian nightly`)")
    try:
        connection.execute(f"attach {literal(str(path))} as {quoted(alias)} (read_only)")
    except duckdb.Error as error:
        raise PublicationError(f"{path} cannot be opened for reading: {error}") from error


def catalogue(connection: duckdb.DuckDBPyConnection, database: str, areas: tuple[str, ...] = AREAS) -> list[Mart]:
    """The marts of an attached database, in the order of the interface, then by name.

    Raises:
        PublicationError: a column's type cannot be read by every reader of a publication; names the column.
    """
    rows = connection.execute(
        """
        with relations as (
            select schema_name, table_name, comment from duckdb_tables() where database_name = $database
            union all
            select schema_name, view_name, comment from duckdb_views() where database_name = $database and not internal
        )
        select relations.schema_name, relations.table_name, relations.comment,
               columns.column_name, columns.data_type, columns.comment
        from relations
        inner join duckdb_columns() as columns
            on columns.database_name = $database
            and columns.schema_name = relations.schema_name and columns.table_name = relations.table_name
        where list_contains($areas, relations.schema_name)
        order by list_position($areas, relations.schema_name), relations.table_name, columns.column_index
        """,
        {"database": database, "areas": list(areas)},
    ).fetchall()
    marts: dict[tuple[str, str], Mart] = {}
    for schema, table, comment, column, found, note in rows:
        kind = "BIGINT" if found == "HUGEINT" else found
        if READABLE.fullmatch(kind) is None:
            raise PublicationError(
                f"{schema}.{table}.{column} is {kind}, which not every reader of a publication knows: cast it in its "
                f"model to one of text, boolean, integer, DECIMAL, DOUBLE, DATE, TIMESTAMP, or a list of these"
            )
        mart = marts.get((schema, table)) or Mart(schema, table, comment or "", ())
        marts[schema, table] = replace(
            mart,
            columns=(*mart.columns, Column(column, kind, note or "")),
            narrowed=(*mart.narrowed, column) if kind != found else mart.narrowed,
        )
    return list(marts.values())


def quoted(*names: str) -> str:
    """A qualified identifier, each part quoted."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def literal(text: str) -> str:
    """A text literal for statements that take no parameters (ATTACH, COPY, COMMENT)."""
    return "'" + text.replace("'", "''") + "'"
