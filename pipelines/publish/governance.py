"""The marts of schema `governance`: the record of the run, made from the state, the manifest and the quarantine.

Belongs here: turning what rooms remembered into rows. Does not belong here: the columns (`governance.yml`), judging
deliveries (`ingest`), judging gates (`gates`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import yaml

from pipelines import reference
from pipelines.ingest import periods
from pipelines.publish.chain import Record
from pipelines.publish.errors import PublicationError
from pipelines.publish.inputs import read_manifest, reference_folder
from pipelines.publish.marts import RECORDS, Column, Mart, catalogue, literal, quoted
from pipelines.settings import Settings
from pipelines.state import State

MEASURES = ("completeness", "validity", "uniqueness", "consistency", "timeliness", "accuracy")


@cache
def tables() -> dict[str, Mart]:
    """The marts of `governance.yml`, by name."""
    declared = yaml.safe_load(Path(__file__).with_name("governance.yml").read_text(encoding="utf-8"))
    return {
        name: Mart(
            RECORDS,
            name,
            f"{table['zh']} · {table['grain']}",
            tuple(Column(c, said["type"], f"{said['zh']} · {said['en']}") for c, said in table["columns"].items()),
        )
        for name, table in declared.items()
    }


@dataclass(frozen=True)
class Records:
    """Governance marts laid out in a connection's memory, all but `publication`, which needs their hashes."""

    marts: tuple[tuple[Mart, str], ...]

    def relations(self) -> tuple[tuple[Mart, str], ...]:
        """Each mart with the SQL that yields its rows."""
        return self.marts

    def publication(self, connection: duckdb.DuckDBPyConnection, chain: Sequence[Record]) -> tuple[Mart, str]:
        """The chain as a mart."""
        return _lay_down(connection, "publication", [_publication_row(record) for record in chain])


def build_records(
    connection: duckdb.DuckDBPyConnection, settings: Settings, state: State, members: Sequence[str]
) -> Records:
    """Lays the governance marts down as tables of the connection's own memory.

    A mart of this schema that stands in the warehouse (`governance.alert`, say) is taken as it is.

    Args:
        connection: the warehouse is attached as `warehouse`.
        settings: where the manifest and the quarantine stand.
        state: outcomes and gates.
        members: ids of all who have joined.
    """
    built = {mart.name: (mart, mart.relation("warehouse")) for mart in catalogue(connection, "warehouse", (RECORDS,))}
    rows = {
        "gate": _gate_rows(state),
        "delivery_outcome": _outcome_rows(state),
        "quality_score": quality_rows(read_manifest(settings), state, members),
        "alert": _alert_rows(state),
        "period_close": _close_rows(settings, state),
    }
    for name, found in rows.items():
        if name not in built:
            built[name] = _lay_down(connection, name, found)
    built["quarantine"] = _lay_down_quarantine(connection, settings, state)
    built.pop("publication", None)
    return Records(tuple(built[name] for name in sorted(built)))


def quality_rows(manifest: pl.DataFrame, state: State, members: Sequence[str]) -> list[dict[str, Any]]:
    """Six measures and a status per period, member and extract of the manifest (S3-PLAT-04).

    The measures are those of the newest delivery that was judged, in force or not; without one they are empty. An
    extract that a member delivered before, but of which it has no version and no rejected one for the newest period,
    is `missing`; so is, of a member without anything, every extract that others delivered for that period.

    Args:
        manifest: of the night.
        state: outcomes, with the measures of each file.
        members: ids of all who have joined.

    Raises:
        PublicationError: a measure of an outcome is not a share.
    """
    measured: dict[tuple[str, str, str], dict[str, Any]] = {}
    judged = "select * from outcome where measures is not null order by delivery_date, recorded_at"
    for row in state.rows(judged):
        measured[row["member_id"], row["extract"], row["period"]] = json.loads(row["measures"])
    rows = []
    for row in [*manifest.iter_rows(named=True), *_missing(manifest, members)]:
        shares = measured.get((row["member_id"], row["extract"], row["period"]), {})
        scores = {name: _share(row, name, shares.get(name)) for name in MEASURES}
        told = ("period", "member_id", "extract", "status", "delivery_date", "reason")
        rows.append({**{name: row[name] for name in told}, **scores})
    return rows


def _missing(manifest: pl.DataFrame, members: Sequence[str]) -> list[dict[str, Any]]:
    """Lines for what should be there of the newest period in force and is not."""
    in_force = manifest.filter(pl.col("status").is_in(["accepted", "stale"]))
    period = max(in_force["period"], default=None)  # a period that only a rejected file speaks of is none
    newest = manifest.filter(pl.col("period") == period)
    there = set(newest.select("member_id", "extract").rows())
    of_others = set(newest["extract"])
    expected: dict[str, set[str]] = {member: set() for member in members}
    for member, extract in manifest.select("member_id", "extract").rows():
        expected.setdefault(member, set()).add(extract)
    return [
        {"period": period, "member_id": member, "extract": extract, "status": "missing", "delivery_date": None,
         "reason": "nothing was delivered for this period"}
        for member, extracts in sorted(expected.items())
        for extract in sorted(extracts or of_others)
        if (member, extract) not in there
    ]  # fmt: skip


def _share(row: dict[str, Any], name: str, value: Any) -> str | None:
    if value is None:
        return None
    if not 0 <= float(value) <= 1:
        raise PublicationError(
            f"{name} of {row['member_id']} {row['extract']} {row['period']} is {value}, not a share between 0 and 1"
        )
    return str(value)


def _gate_rows(state: State) -> list[dict[str, Any]]:
    return [
        {**row, "members": [member for member in row["members"].split("|") if member]}
        for row in state.rows("select * from gate")
    ]


def _alert_rows(state: State) -> list[dict[str, Any]]:
    return state.rows("select * from alert")


def _close_rows(settings: Settings, state: State) -> list[dict[str, Any]]:
    folder = reference_folder(settings)
    declared = reference.read(folder, "periods") if (folder / "periods.csv").is_file() else ()
    return periods.history(state, declared)


def _outcome_rows(state: State) -> list[dict[str, Any]]:
    return state.rows("select * from outcome")


def _publication_row(record: Record) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(record).items()}


def _lay_down(connection: duckdb.DuckDBPyConnection, name: str, rows: Iterable[dict[str, Any]]) -> tuple[Mart, str]:
    """Rows as a table of the connection's memory, typed as declared."""
    mart = tables()[name]
    kept = [{column.name: row.get(column.name) for column in mart.columns} for row in rows]
    loose = {
        c.name: pl.List(pl.String) if c.type.endswith("[]") else pl.Int64 if c.type == "BIGINT" else pl.String
        for c in mart.columns
    }
    text = [
        {key: str(value) if value is not None and loose[key] == pl.String else value for key, value in row.items()}
        for row in kept
    ]
    frame = pl.DataFrame(text, schema=loose)  # noqa: F841 (DuckDB reads it by its name)
    cells = ", ".join(f"cast({quoted(c.name)} as {c.type}) as {quoted(c.name)}" for c in mart.columns)
    table = quoted("memory", RECORDS, name)
    connection.execute(f"create schema if not exists memory.{RECORDS}")
    connection.execute(f"create or replace table {table} as select {cells} from frame")
    return mart, table


def _lay_down_quarantine(connection: duckdb.DuckDBPyConnection, settings: Settings, state: State) -> tuple[Mart, str]:
    """All rejected cells that the state still speaks of."""
    mart, table = _lay_down(connection, "quarantine", [])
    paths = [settings.home / row["path"] for row in state.rows("select path from quarantine_file order by path")]
    if paths:
        cells = ", ".join(f"cast({quoted(c.name)} as {c.type})" for c in mart.columns)
        files = ", ".join(literal(str(path)) for path in paths)
        connection.execute(f"insert into {table} select {cells} from read_parquet([{files}], union_by_name = true)")
    return mart, table
