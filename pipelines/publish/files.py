"""Marts as files: one DuckDB database that clients since 1.0 read, and one Parquet file per mart.

Belongs here: copying rows, comments and what can be kept from the publication before. Does not belong here: where the
folder stands (`folder`), and what hashes mean (`content`).

What did not change since the publication before is not written again: its Parquet file is linked, its table comes with
a copy of the database. A mart is compared by a quick mark over all its rows (`content.detector`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from pipelines.publish import folder
from pipelines.publish.content import content, detector, sha256
from pipelines.publish.marts import RECORDS, Mart, literal, quoted

STORAGE_VERSION = "v1.0.0"
"""The storage of DuckDB 1.0; 2.0's own is read by nothing older. 1.1 and everything after it reads it whole; 1.0 itself
stops at a list column of which every list is empty."""

REWRITE_SHARE = 0.5
"""Above this share of changed rows a database is written anew rather than copied and mended."""

_BLOCK = 1 << 22


@dataclass(frozen=True)
class Written:
    """A mart as published: what `publication.json` says of it."""

    mart: Mart
    relation: str
    rows: int
    hash: str
    mark: str
    shape: str
    kept: bool

    def describe(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "hash": self.hash,
            "mark": self.mark,
            "shape": self.shape,
            "part": "records" if self.mart.schema == RECORDS else "marts",
        }


def measure(connection: duckdb.DuckDBPyConnection, mart: Mart, relation: str, before: dict[str, Any] | None) -> Written:
    """Counts and hashes a mart; one that did not change keeps the hash that stands in the publication before.

    Args:
        connection: sees `relation`.
        mart: name, columns, comments.
        relation: SQL that yields its rows.
        before: what the publication before says of this mart, if there is one.
    """
    mark, shape = detector(connection, relation), shape_of(mart)
    if before and before["mark"] == mark and before["shape"] == shape:
        return Written(mart, relation, before["rows"], before["hash"], mark, shape, kept=True)
    measured = content(connection, mart, relation)
    return Written(mart, relation, measured.rows, measured.hash, mark, shape, kept=False)


def shape_of(mart: Mart) -> str:
    """A fingerprint of everything about a mart but its rows."""
    lines = [mart.full_name, mart.comment, *(f"{c.name}\t{c.type}\t{c.comment}" for c in mart.columns)]
    return sha256("\n".join(lines))


def write_parquet(
    connection: duckdb.DuckDBPyConnection, marts: Sequence[Written], target: Path, before: Path | None
) -> list[Written]:
    """Writes each mart to `parquet/<schema>/<mart>.parquet`, sorted by nothing; links what did not change.

    Returns:
        the marts, those marked `kept` only if their file could indeed be linked.
    """
    done = []
    for written in marts:
        path = target / folder.PARQUET / written.mart.schema / f"{written.mart.name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        old = before / path.relative_to(target) if before else None
        if written.kept and old is not None and old.is_file():
            folder.link_or_copy(old, path)
        else:
            written = replace(written, kept=False)
            connection.execute(
                f"copy (from {written.relation}) to {literal(str(path))} (format parquet, compression zstd)"
            )
        done.append(written)
    return done


def write_database(
    connection: duckdb.DuckDBPyConnection,
    marts: Sequence[Written],
    target: Path,
    before: Path | None,
    before_sha256: str | None,
) -> None:
    """Writes `consortium.duckdb`, with comments on every table and column.

    The database before is copied and mended when most rows are the same and the copy has the SHA-256 that was
    recorded for it; else everything is written anew.
    """
    path = target / folder.DATABASE
    changed = [written for written in marts if not written.kept]
    rows = sum(written.rows for written in marts)
    mend = (
        before is not None
        and before_sha256 is not None
        and sum(written.rows for written in changed) <= REWRITE_SHARE * rows
        and _copy(before / folder.DATABASE, path) == before_sha256
    )
    if not mend:
        path.unlink(missing_ok=True)
        changed = list(marts)
    connection.execute(f"attach {literal(str(path))} as target (storage_version {literal(STORAGE_VERSION)})")
    try:
        if mend:
            _drop_all_but(connection, {written.mart.full_name for written in marts if written.kept})
        connection.execute("begin")  # one commit: every comment by itself would wait for the disk
        for written in changed:
            _write_table(connection, written.mart, written.relation)
        connection.execute("commit")
        connection.execute("checkpoint target")
    finally:
        connection.execute("detach target")


def _drop_all_but(connection: duckdb.DuckDBPyConnection, names: set[str]) -> None:
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'target'"
    ).fetchall()
    for schema, table in tables:
        if f"{schema}.{table}" not in names:
            connection.execute(f"drop table {quoted('target', schema, table)}")
    connection.execute("checkpoint target")  # gives the dropped tables' blocks back before new ones are asked for


def _write_table(connection: duckdb.DuckDBPyConnection, mart: Mart, relation: str) -> None:
    table = quoted("target", mart.schema, mart.name)
    connection.execute(f"create schema if not exists {quoted('target', mart.schema)}")
    connection.execute(f"create table {table} as from {relation}")
    if mart.comment:
        connection.execute(f"comment on table {table} is {literal(mart.comment)}")
    for column in mart.columns:
        if column.comment:
            name = f"{table}.{quoted(column.name)}"
            connection.execute(f"comment on column {name} is {literal(column.comment)}")


def _copy(source: Path, target: Path) -> str:
    """Copies a file in blocks; gives the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    if not source.is_file():
        return ""
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(_BLOCK):
            digest.update(block)
            writer.write(block)
    return digest.hexdigest()
