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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.gates import require_open
from pipelines.publish import folder, postgres
from pipelines.publish.assemble import assemble, draft_record
from pipelines.publish.chain import Record, append, records
from pipelines.publish.errors import NotPublished, PublicationError
from pipelines.publish.inputs import read_inputs
from pipelines.publish.retention import retire
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
        chain = records(published)
        _require_whole(chain, state)
        folder.sweep(published)
        publication_id = f"{len(chain) + 1:06d}-{clock:%Y%m%dT%H%M%S}"
        before = _before(published)
        folder.require_room(published, _size(before) if before else 0)
        temporary = folder.begin(published, publication_id)
        inputs = read_inputs(settings, clock.date())
        draft = draft_record(publication_id, run_id, build_id, clock, inputs, chain)
        description = assemble(settings, state, temporary, before, inputs, draft, chain)
        description["seconds"] = round(time.monotonic() - started, 3)
        folder.write_json(temporary / folder.RECORD, description)
        if settings.postgres_url:
            postgres.stage(settings, temporary, publication_id)
        path = folder.seal(temporary)
        folder.write_json(published / folder.PENDING, description["record"])
        if not finish(settings, state):
            raise PublicationError(
                "what was loaded into Postgres is gone before it could be switched to: see who drops schemas there, "
                "and run again; the publication before stays"
            )
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
    with folder.publishing(published), _reported(published):
        kept = folder.kept(published)
        if publication_id not in kept:
            raise NotPublished(f"{publication_id} is not kept; kept are {', '.join(kept) or 'none'}")
        if settings.postgres_url and postgres.live_publication(settings) != publication_id:
            postgres.stage(settings, published / publication_id, publication_id)
            for sentence in postgres.switch(settings, publication_id) or ():
                log.warning("%s", sentence)
        folder.point_current_at(published, publication_id)
        return _publication(published / publication_id)


def finish(settings: Settings, state: State) -> bool:
    """Completes a switch that has begun; does nothing when none has.

    A switch that cannot be completed, because Postgres no longer holds what was loaded for it, is taken back.

    Returns:
        False when a switch was taken back.
    """
    published = settings.published
    pending = published / folder.PENDING
    if not pending.is_file():
        return True
    record = Record.read(folder.read_json(pending))
    if settings.postgres_url:
        lost = postgres.switch(settings, record.publication_id)
        if lost is None:
            pending.unlink()
            return False
        for sentence in lost:
            log.warning("%s", sentence)
    append(published, record)
    state.put("publication", [_state_row(record)])
    folder.point_current_at(published, record.publication_id)
    pending.unlink()
    return True


def _require_whole(chain: Sequence[Record], state: State) -> None:
    """Refuses to go on from a chain that lost records: what they speak of would be taken for leftovers.

    A state that knows of no publication at all is a new home beside old publications; it is told of them.

    Raises:
        PublicationError: names the records that are missing.
    """
    remembered = {row["publication_id"] for row in state.rows("select publication_id from publication")}
    lost = sorted(remembered - {record.publication_id for record in chain})
    if lost:
        raise PublicationError(
            f"the chain has no record of {', '.join(lost)}: restore published/{folder.CHAIN}/ from a backup, "
            "see that `yilian verify` finds no break, and run again"
        )
    if not remembered:
        state.put("publication", [_state_row(record) for record in chain])


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
