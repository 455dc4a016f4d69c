"""Making a publication, keeping it, and going back to one.

Belongs here: the order of the steps and what happens when one fails. Does not belong here: how each medium is written.

A publication is written aside whole, then switched to:

1. leftovers of a run that died are finished or removed,
2. everything is written into `published/<id>.tmp`, made durable and read-only, and renamed,
3. with a Postgres URL, the same is loaded there beside what is read, and compared,
4. `pending.json` says that the switch begins; then come Postgres, the chain, the state and `current`, in that order.

A run killed before 4 leaves the publication before in place and a folder that the next run removes; one killed inside 4
is finished by the next run.
"""

from __future__ import annotations

import errno
import logging
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.gates import require_open
from pipelines.publish import folder, postgres
from pipelines.publish.chain import GENESIS, Record, records
from pipelines.publish.content import marts_hash
from pipelines.publish.dictionary import dictionary, keys_of, write_dictionary
from pipelines.publish.errors import NotPublished, PublicationError
from pipelines.publish.files import Written, measure, write_database, write_parquet
from pipelines.publish.governance import Records, build_records
from pipelines.publish.inputs import Inputs, file_sha256, read_inputs
from pipelines.publish.marts import AREAS, RECORDS, attach, catalogue, connect, quoted
from pipelines.publish.retention import retire
from pipelines.publish.site import Edition, build_site
from pipelines.publish.site.frames import read_frames
from pipelines.settings import Settings
from pipelines.state import State

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Publication:
    """A publication that readers can open.

    `counts` maps `<schema>.<mart>` to its rows; `seconds` is the time it took to make.
    """

    publication_id: str
    path: Path
    hash: str
    counts: dict[str, int]
    seconds: float
    record: Record

    @property
    def published_at(self) -> str:
        """Local time of publication, `2026-11-01 01:30:00`."""
        return self.record.published_at


def publish(settings: Settings, state: State, *, run_id: str, build_id: str, clock: datetime) -> Publication:
    """Publishes the marts of the warehouse: all of them or none.

    Args:
        settings: where things stand and how many publications are kept.
        state: outcomes, gates and releases of the night.
        run_id: the run that publishes.
        build_id: the build of the warehouse that is published.
        clock: time of publication, local.

    Raises:
        GateClosed: a gate is closed, or was not judged on what now stands.
        PublicationError: it could not be made; the publication before stays what readers see.
    """
    require_open(state, 1, 2, 3)
    started = time.monotonic()
    published = settings.published
    with folder.publishing(published), _reported(published):
        finish(settings, state)
        folder.sweep(published)
        chain = records(published)
        publication_id = f"{len(chain) + 1:06d}-{clock:%Y%m%dT%H%M%S}"
        before = _before(published)
        folder.require_room(published, _size(before) if before else 0)
        temporary = folder.begin(published, publication_id)
        inputs = read_inputs(settings, clock.date())
        draft = _draft(publication_id, run_id, build_id, clock, inputs, chain)
        description = _write(settings, state, temporary, before, inputs, draft, chain)
        description["seconds"] = round(time.monotonic() - started, 3)
        folder.write_json(temporary / folder.RECORD, description)
        if settings.postgres_url:
            postgres.stage(settings, temporary, publication_id)
        path = folder.seal(temporary)
        folder.write_json(published / folder.PENDING, description["record"])
        finish(settings, state)
        retire(published, settings.keep_publications)
        return _publication(path)


def publications(settings: Settings) -> list[Publication]:
    """The publications that are kept, oldest first."""
    return [_publication(settings.published / name) for name in folder.kept(settings.published)]


def rollback(settings: Settings, publication_id: str) -> Publication:
    """Makes readers see a kept publication again; nothing is removed, and the next night publishes on top.

    Raises:
        NotPublished: it is not kept; the text lists those that are.
    """
    published = settings.published
    with folder.publishing(published):
        kept = folder.kept(published)
        if publication_id not in kept:
            raise NotPublished(f"{publication_id} is not kept; kept are {', '.join(kept) or 'none'}")
        if settings.postgres_url and postgres.live_publication(settings) != publication_id:
            postgres.stage(settings, published / publication_id, publication_id)
            for sentence in postgres.switch(settings, publication_id) or ():
                log.warning("%s", sentence)
        folder.point_current_at(published, publication_id)
        return _publication(published / publication_id)


def finish(settings: Settings, state: State) -> None:
    """Completes a switch that has begun; does nothing when none has.

    A switch that cannot be completed, because Postgres no longer holds what was loaded for it, is taken back.
    """
    published = settings.published
    pending = published / folder.PENDING
    if not pending.is_file():
        return
    record = Record.read(folder.read_json(pending))
    if settings.postgres_url:
        lost = postgres.switch(settings, record.publication_id)
        if lost is None:
            pending.unlink()
            return
        for sentence in lost:
            log.warning("%s", sentence)
    folder.write_json(published / folder.CHAIN / f"{record.publication_id}.json", asdict(record))
    state.put("publication", [_state_row(record)])
    folder.point_current_at(published, record.publication_id)
    pending.unlink()


def _write(
    settings: Settings,
    state: State,
    temporary: Path,
    before: Path | None,
    inputs: Inputs,
    draft: Record,
    chain: list[Record],
) -> dict[str, Any]:
    """Writes every file of the publication; gives the text of `publication.json`."""
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
            raise PublicationError(
                f"{settings.warehouse_path} holds no marts: build them first (`yilian nightly`)"
            )
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
        frames = read_frames(
            _as_schemas(connection, everything), [one.mart for one in everything], draft.run_id
        )
    entries = dictionary(
        [one.mart for one in everything], keys_of(settings.home / "dbt" / "target" / "manifest.json")
    )
    write_dictionary(entries, temporary)
    counts = {one.mart.full_name: one.rows for one in everything}
    build_site(
        Edition(record, frames, entries, counts, _downloads(temporary, counts)), temporary / folder.SITE
    )
    return {
        "record": asdict(record),
        "inputs": {"deliveries": inputs.deliveries, "reference": inputs.reference, "code": inputs.code},
        "marts": {one.mart.full_name: one.describe() for one in everything if one.mart != publication.mart},
        "files": _files(temporary),
    }


def _as_schemas(connection: duckdb.DuckDBPyConnection, marts: Sequence[Written]) -> duckdb.DuckDBPyConnection:
    """The same connection, in which every mart can be read as `<schema>.<mart>`."""
    for one in marts:
        if one.relation != quoted("memory", one.mart.schema, one.mart.name):
            connection.execute(f"create schema if not exists {quoted('memory', one.mart.schema)}")
            connection.execute(
                f"create view {quoted('memory', one.mart.schema, one.mart.name)} as from {one.relation}"
            )
    return connection


def _downloads(temporary: Path, counts: Mapping[str, int]) -> list[tuple[str, int | None, int]]:
    """Files of a publication for its page of downloads: path, rows where it is a mart, bytes."""
    paths = [temporary / folder.DATABASE, temporary / "dictionary.csv", temporary / "dictionary.json"]
    paths += sorted((temporary / folder.PARQUET).rglob("*.parquet"))
    return [
        (str(path.relative_to(temporary)), counts.get(f"{path.parent.name}.{path.stem}"), path.stat().st_size)
        for path in paths
    ]


def _publication_table(
    connection: duckdb.DuckDBPyConnection, kept_records: Records, chain: list[Record]
) -> Written:
    mart, relation = kept_records.publication(connection, chain)
    return Written(mart, relation, len(chain), hash="", mark="", shape="", kept=False)


def _files(temporary: Path) -> dict[str, str]:
    """SHA-256 of every file of a publication, by its path inside it."""
    paths = sorted(path for path in temporary.rglob("*") if path.is_file() and path.name != folder.RECORD)
    return {str(path.relative_to(temporary)): file_sha256(path) for path in paths}


def _draft(
    publication_id: str, run_id: str, build_id: str, clock: datetime, inputs: Inputs, chain: list[Record]
) -> Record:
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


def _state_row(record: Record) -> dict[str, str]:
    return {
        "publication_id": record.publication_id,
        "run_id": record.run_id,
        "build_id": record.build_id,
        "published_at": record.published_at,
        "periods": ",".join(record.periods),
        "members_fresh": ",".join(record.fresh_members),
        "members_stale": ",".join(record.stale_members),
        "inputs_hash": record.inputs_hash,
        "marts_hash": record.marts_hash,
        "previous_hash": record.previous_hash,
        "hash": record.hash,
    }


def _publication(path: Path) -> Publication:
    description = folder.read_json(path / folder.RECORD)
    record = Record.read(description["record"])
    counts = {name: mart["rows"] for name, mart in description["marts"].items()}
    return Publication(record.publication_id, path, record.hash, counts, description["seconds"], record)


def _before(published: Path) -> Path | None:
    """The newest kept publication: what did not change is taken from it."""
    kept = folder.kept(published)
    return published / kept[-1] if kept else None


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


@contextmanager
def _reported(published: Path) -> Iterator[None]:
    """Turns what the disk and the database say into a sentence for the person who reads the run."""
    try:
        yield
    except (OSError, duckdb.Error, sqlite3.Error) as error:
        full = (isinstance(error, OSError) and error.errno == errno.ENOSPC) or "No space left" in str(error)
        hint = f"make room under {published}" if full else "mend what the message names"
        raise PublicationError(
            f"publication failed, the one before stays in place: {error}; {hint}, then run again"
        ) from error
