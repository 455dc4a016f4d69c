"""Writes the files of a publication into a folder that nobody reads yet.

Belongs here: what is written in which order, and what is said of it in `publication.json`. Does not belong here: when
readers see it (`publication`), and the form of each medium.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.gates.verdict import validations
from pipelines.publish import dbt_docs, folder
from pipelines.publish.chain import GENESIS, Record
from pipelines.publish.content import marts_hash
from pipelines.publish.dbt_docs import write_dbt_docs
from pipelines.publish.dictionary import dictionary, keys_of, write_dictionary
from pipelines.publish.errors import PublicationError
from pipelines.publish.files import Written, measure, write_database, write_parquet
from pipelines.publish.governance import Records, build_records
from pipelines.publish.inputs import Inputs, file_sha256
from pipelines.publish.lineage import read_lineage
from pipelines.publish.marts import AREAS, RECORDS, attach, catalogue, connect, quoted
from pipelines.publish.metadata import write_metadata
from pipelines.publish.site import Edition, build_site, member_names, read_frames, sections
from pipelines.settings import Settings
from pipelines.state import State


def draft_record(
    publication_id: str, run_id: str, build_id: str, clock: datetime, inputs: Inputs, chain: list[Record]
) -> Record:
    """The record of a publication that is about to be written."""
    return Record(
        publication_id=publication_id,
        run_id=run_id,
        build_id=build_id,
        published_at=clock.isoformat(sep=" ", timespec="seconds"),
        periods=inputs.periods,
        fresh_members=inputs.fresh_members,
        stale_members=inputs.stale_members,
        absent_members=inputs.absent_members,
        inputs_hash=inputs.hash,
        marts_hash="",
        records_hash="",
        previous_hash=chain[-1].hash if chain else GENESIS,
    )


def assemble(
    settings: Settings,
    state: State,
    temporary: Path,
    before: Path | None,
    inputs: Inputs,
    draft: Record,
    chain: list[Record],
) -> dict[str, Any]:
    """Writes every file of a publication but `publication.json`.

    Args:
        settings: where the warehouse stands, and the limits of the run.
        state: outcomes, gates and builds.
        temporary: the folder that is written into.
        before: the publication that unchanged marts are taken from, if there is one.
        inputs: what the marts were built from.
        draft: the record without the hashes of what is written here.
        chain: the records before it.

    Returns:
        the content of `publication.json`.

    Raises:
        PublicationError: there are no marts, or a column's type cannot be published.
    """
    old = folder.read_json(before / folder.RECORD) if before else {"marts": {}, "files": {}}
    with connect(settings.memory, settings.threads, settings.home / "spill") as connection:
        attach(connection, settings.warehouse_path, "warehouse")
        areas = tuple(area for area in AREAS if area != RECORDS)
        written = [
            measure(
                connection,
                mart,
                mart.relation("warehouse"),
                old["marts"].get(mart.full_name),
            )
            for mart in catalogue(connection, "warehouse", areas)
        ]
        if not written:
            raise PublicationError(f"{settings.warehouse_path} holds no marts: build them first (`yilian nightly`)")
        kept_records = build_records(connection, settings, state, inputs.members)
        governance = [
            measure(connection, mart, relation, old["marts"].get(mart.full_name))
            for mart, relation in kept_records.relations()
        ]
        record = replace(
            draft,
            marts_hash=marts_hash({mart.mart.full_name: mart.hash for mart in written}),
            records_hash=marts_hash({mart.mart.full_name: mart.hash for mart in governance}),
        ).sealed()
        publication = _publication_table(connection, kept_records, [*chain, record])
        everything = write_parquet(connection, [*written, *governance, publication], temporary, before)
        write_database(connection, everything, temporary, before, old["files"].get(folder.DATABASE))
        marts = [one.mart for one in everything]
        frames = read_frames(_as_schemas(connection, everything), marts, sections(), draft.run_id)
        names = member_names(connection, marts)
        lineage = read_lineage(settings.home, connection, "warehouse")
        has_docs = write_dbt_docs(settings.home, connection, "warehouse", temporary / folder.DOCS / dbt_docs.NAME)
    frames = frames.and_also("steps", _steps(state, draft))
    entries = dictionary(marts, keys_of(settings.home / "dbt" / "target" / "manifest.json"), lineage)
    write_dictionary(entries, temporary)
    counts = {one.mart.full_name: one.rows for one in everything}
    write_metadata(temporary, record, entries, counts)
    judged = validations(state)
    folder.write_json(temporary / folder.DOCS / folder.VALIDATIONS, judged)
    files = _downloads(temporary, counts)
    edition = Edition(record, frames, names, entries, counts, files, has_docs, judged)
    build_site(edition, temporary / folder.SITE)
    return {
        "record": asdict(record),
        "inputs": {"deliveries": inputs.deliveries, "reference": inputs.reference, "code": inputs.code},
        "marts": {one.mart.full_name: one.describe() for one in everything if one.mart != publication.mart},
        "files": _files(temporary, _linked(everything, old["files"])),
    }


def _as_schemas(connection: duckdb.DuckDBPyConnection, marts: Sequence[Written]) -> duckdb.DuckDBPyConnection:
    """The same connection, in which every mart can be read as `<schema>.<mart>`."""
    for one in marts:
        if one.relation != quoted("memory", one.mart.schema, one.mart.name):
            connection.execute(f"create schema if not exists {quoted('memory', one.mart.schema)}")
            connection.execute(f"create view {quoted('memory', one.mart.schema, one.mart.name)} as from {one.relation}")
    return connection


def _steps(state: State, draft: Record) -> pl.DataFrame:
    """Which part of the warehouse was built when and by which run; what nothing had changed for stood already."""
    rows = state.rows(
        "select part, run_id, started_at, finished_at from build where revision in "
        "(select max(revision) from build where build_id = ? group by part) order by revision",
        (draft.build_id,),
    )
    told = [(row["part"], row["started_at"], row["finished_at"], row["run_id"] == draft.run_id) for row in rows]
    return pl.DataFrame(told, schema=["part", "started_at", "finished_at", "is_tonight"], orient="row")


def _downloads(temporary: Path, counts: Mapping[str, int]) -> list[tuple[str, int | None, int]]:
    """Files of a publication for its page of downloads: path, rows where it is a mart, bytes."""
    named = (folder.DATABASE, "dictionary.csv", "dictionary.json", "datapackage.json", "catalog.jsonld")
    paths = [temporary / name for name in named]
    paths.append(temporary / folder.DOCS / folder.VALIDATIONS)
    paths += sorted((temporary / folder.PARQUET).rglob("*.parquet"))
    return [
        (str(path.relative_to(temporary)), counts.get(f"{path.parent.name}.{path.stem}"), path.stat().st_size)
        for path in paths
    ]


def _publication_table(connection: duckdb.DuckDBPyConnection, kept_records: Records, chain: list[Record]) -> Written:
    mart, relation = kept_records.publication(connection, chain)
    return Written(mart, relation, len(chain), hash="", mark="", shape="", kept=False)


def _linked(marts: Sequence[Written], before: Mapping[str, str]) -> dict[str, str]:
    """SHA-256 of the files that are those of the publication before, as recorded there; `verify` reads them."""
    names = [f"{folder.PARQUET}/{one.mart.schema}/{one.mart.name}.parquet" for one in marts if one.kept]
    return {name: before[name] for name in names if name in before}


def _files(temporary: Path, known: Mapping[str, str]) -> dict[str, str]:
    """SHA-256 of every file of a publication, by its path inside it; what is known is not read again."""
    paths = sorted(path for path in temporary.rglob("*") if path.is_file() and path.name != folder.RECORD)
    names = {str(path.relative_to(temporary)): path for path in paths}
    return {name: known.get(name) or file_sha256(path) for name, path in names.items()}
