"""The hash of a mart's content, the same whatever the order of its rows and whatever engine computes it.

Belongs here: how cells become text, how rows become one hash. Does not belong here: which marts there are and what
the hashes are chained into (`chain`).

How it is made, so that any engine with SHA-256 can check it:

1. A cell is its text: numbers with all digits of their scale (`12.50`), dates `2026-10-31`, timestamps
   `2026-10-31 08:00:00`, booleans `true` and `false`, a list as JSON; NULL is the character U+001E. In text, a
   backslash, U+001E and U+001F are written as a backslash and `\\`, `e`, `f`.
2. A row is its cells, columns in the order of their names, joined by U+001F; its hash is SHA-256 in hexadecimal.
3. Row hashes are put in 4096 buckets by their first three digits; a bucket's hash is SHA-256 of its row hashes,
   sorted and joined; duplicates count. The body is SHA-256 of the bucket hashes, joined in the order of their bucket.
4. The mart is SHA-256 of its name, a line `column type` for every column by name, the number of rows and the body,
   joined by line feeds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from pipelines.publish.marts import RECORDS, Column, Mart, quoted

OF_THE_RUN = frozenset({"run_id", "source_run", "build_id"})
"""Columns that name the run rather than what was found; they are left out of a mart's hash outside `governance`."""


@dataclass(frozen=True)
class Content:
    """What a mart holds: rows, and the hash over them."""

    rows: int
    hash: str


def content(connection: duckdb.DuckDBPyConnection, mart: Mart, relation: str) -> Content:
    """Rows and content hash of a mart.

    Args:
        connection: a connection that can see the relation.
        mart: its name and columns, as the warehouse holds them.
        relation: SQL that yields its rows: a quoted table name or a table function.
    """
    columns = hashed_columns(mart)
    row = "concat_ws(chr(31), " + ", ".join(_cell(column) for column in columns) + ")"
    found = connection.execute(
        f"""
        with rows as (select sha256({row}) as digest from {relation}),
        buckets as (
            select left(digest, 3) as bucket, count(*) as n, sha256(string_agg(digest, '' order by digest)) as digest
            from rows group by all
        )
        select coalesce(sum(n), 0)::bigint, sha256(coalesce(string_agg(digest, '' order by bucket), '')) from buckets
        """
    ).fetchone()
    assert found is not None
    lines = [mart.full_name, *(f"{column.name} {column.type}" for column in columns), str(found[0]), found[1]]
    return Content(rows=found[0], hash=sha256("\n".join(lines)))


def hashed_columns(mart: Mart) -> list[Column]:
    """The columns that a mart's hash covers, by name."""
    return sorted(
        (column for column in mart.columns if mart.schema == RECORDS or column.name not in OF_THE_RUN),
        key=lambda column: column.name,
    )


def detector(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    """A quick mark that changes when the rows do: for deciding what to write again, never as proof.

    It costs a twentieth of the content hash and holds only within one version of DuckDB.
    """
    found = connection.execute(
        f"select count(*), coalesce(sum(hash(t)), 0)::varchar, coalesce(bit_xor(hash(t)), 0)::varchar from {relation} t"
    ).fetchone()
    assert found is not None
    return f"duckdb-{duckdb.__version__}:{found[0]}:{found[1]}:{found[2]}"


def marts_hash(contents: Mapping[str, str]) -> str:
    """One hash over marts: SHA-256 of the lines `name hash`, by name."""
    return sha256("\n".join(f"{name} {digest}" for name, digest in sorted(contents.items())))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_lines(lines: Iterable[str]) -> str:
    """SHA-256 of lines, sorted and joined by line feeds."""
    return sha256("\n".join(sorted(lines)))


def _cell(column: Column) -> str:
    name = quoted(column.name)
    if column.type.endswith("[]"):
        text = f"to_json({name})::varchar"
    elif column.type == "VARCHAR":
        text = f"replace(replace(replace({name}, '\\', '\\\\'), chr(30), '\\e'), chr(31), '\\f')"
    else:
        text = f"{name}::varchar"
    return f"coalesce({text}, chr(30))"
