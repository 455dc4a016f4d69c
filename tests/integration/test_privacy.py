"""Nobody is named past the adapter: a search for everyone whom the demo's deliveries name.

The search is our own: identity numbers, phones and local ids are taken from the delivered files, and every text that
the night left behind is looked through, in Parquet, DuckDB, SQLite, logs and pages.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines import contract, night
from pipelines.ingest.adapter import load_adapter
from pipelines.ingest.readers import batches
from tests.integration.consortium import KEY, Consortium

IDENTITY = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")


def persons(consortium: Consortium) -> tuple[set[str], set[str]]:
    """Identity numbers and phones that stand anywhere in the deliveries, read through each vendor's adapter."""
    import json

    numbers: set[str] = set()
    phones: set[str] = set()
    extracts = contract.load().extracts
    for manifest in sorted((consortium.root / "landing").glob("*/*/manifest.json")):
        delivery = json.loads(manifest.read_text(encoding="utf-8"))
        adapter = load_adapter(delivery["vendor"])
        for entry in delivery["files"]:
            extract = extracts.get(entry["extract"])
            names = [c.name for c in extract.columns.values() if c.person or c.scrub] if extract else []
            path = manifest.parent / entry["file"]
            if extract is None or not names or not path.exists():
                continue
            try:
                frames = list(batches(path, adapter.mapping_for(extract.name, path.name), extract))
            except ValueError:
                continue  # a planted fault: the file is unreadable, and leaves nothing
            for frame in frames:
                for name in set(names) & set(frame.columns):
                    for text in frame[name].cast(pl.String).unique().drop_nulls():
                        numbers.update(IDENTITY.findall(text))
                        phones.update(PHONE.findall(text))
    return numbers, phones


def texts(root: Path) -> Iterator[tuple[str, str]]:
    """Every text under a folder, with the place where it stands."""
    for path in sorted(each for each in root.rglob("*") if each.is_file() and not each.is_symlink()):
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path)
            for name, kind in frame.schema.items():
                if kind == pl.String:
                    yield f"{path}:{name}", "\n".join(frame[name].unique().drop_nulls())
        elif path.suffix == ".duckdb":
            yield from _tables(path)
        elif path.read_bytes()[:15] == b"SQLite format 3":
            with sqlite3.connect(path) as connection:
                yield str(path), "\n".join(connection.iterdump())
        else:
            yield str(path), path.read_bytes().decode("utf-8", errors="ignore")


def _tables(path: Path) -> Iterator[tuple[str, str]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where not internal and data_type in ('VARCHAR', 'VARCHAR[]')"
        ).fetchall()
        for schema, table, column in columns:
            values = connection.execute(
                f'select distinct "{column}"::varchar from "{schema}"."{table}" where "{column}" is not null'
            ).fetchall()
            yield f"{path}:{schema}.{table}.{column}", "\n".join(value for (value,) in values)


@pytest.mark.parametrize("place", ["home", "published"])
def test_nobody_is_named_past_the_adapter(demo_night: tuple[Consortium, night.Finished], place: str) -> None:
    consortium, finished = demo_night
    assert finished.ending == "published"
    numbers, phones = persons(consortium)
    assert len(numbers) > 1000, "the demo names too few persons for this search to mean anything"
    leaks = []
    for where, text in texts(consortium.root / place):
        found = set(IDENTITY.findall(text)) & numbers | set(PHONE.findall(text)) & phones
        if found or KEY in text:
            leaks.append(f"{where}: {len(found)} persons" if found else f"{where}: the pseudonym key")
    assert leaks == []
