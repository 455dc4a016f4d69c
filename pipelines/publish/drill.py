"""The recovery drill (S5-SEC-05): the store is restored elsewhere, the marts are built again, and both must agree.

Belongs here: what a restore needs, and the comparison. Does not belong here: taking backups; any tool that copies
`home/` and `published/` while no night runs will do.

What is enough to rebuild a publication: the pieces of its manifest, the reference data, the state, and the code.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.publish import folder
from pipelines.publish.chain import Break, Record, records, verify
from pipelines.publish.content import content, marts_hash
from pipelines.publish.errors import NotPublished, PublicationError
from pipelines.publish.inputs import read_inputs
from pipelines.publish.marts import AREAS, RECORDS, attach, catalogue, connect
from pipelines.settings import Settings
from pipelines.state import State

Build = Callable[[Settings, State, Record], None]


@dataclass(frozen=True)
class Drill:
    """What the drill showed.

    `breaks` names the places of the restored chain that do not hold, and every mart that came out differently.
    """

    publication_id: str
    marts: int
    rows: int
    breaks: tuple[Break, ...]
    restore_seconds: float
    rebuild_seconds: float

    @property
    def passed(self) -> bool:
        return not self.breaks

    def sentence(self) -> str:
        """The line for the drill log."""
        took = f"restored in {self.restore_seconds:.0f} s, rebuilt in {self.rebuild_seconds:.0f} s"
        if self.passed:
            return f"{self.publication_id}: {self.marts} marts with {self.rows} rows came out the same; {took}"
        return f"{self.publication_id}: {len(self.breaks)} differences; {took}; first: {self.breaks[0]}"


def log_drill(settings: Settings, done: Drill, at: datetime) -> Path:
    """Keeps what a drill showed as `published/drills/<time>.json`, for those who ask when the last one was.

    Returns:
        the file written.
    """
    path = settings.published / folder.DRILLS / f"{at:%Y%m%dT%H%M%S}.json"
    said = {
        "at": at.isoformat(timespec="seconds"),
        "publication_id": done.publication_id,
        "passed": done.passed,
        "marts": done.marts,
        "rows": done.rows,
        "restore_seconds": round(done.restore_seconds, 1),
        "rebuild_seconds": round(done.rebuild_seconds, 1),
        "differences": [str(each) for each in done.breaks],
    }
    folder.write_json(path, said)
    return path


def drill(settings: Settings, into: Path, build: Build | None = None) -> Drill:
    """Restores the current publication and what it was made from into an empty folder, and builds the marts again.

    Args:
        settings: of the consortium; nothing of it is written to.
        into: an empty or missing folder with room for lake, state and one publication.
        build: builds the warehouse of the restored home; the consortium's own dbt build unless a test brings another.

    Raises:
        NotPublished: there is nothing to restore yet.
        PublicationError: `into` is not empty, or the inputs of the publication are no longer there.
    """
    current = folder.current_id(settings.published)
    if current is None:
        raise NotPublished(f"nothing is published in {settings.published} yet")
    if into.exists() and any(into.iterdir()):
        raise PublicationError(f"{into} is not empty: the drill restores into an empty folder")
    record = next(each for each in records(settings.published) if each.publication_id == current)
    started = time.monotonic()
    restored = _restore(settings, into, record)
    state = State(restored.state_path)
    breaks = verify(restored)
    inputs = read_inputs(restored, datetime.fromisoformat(record.published_at).date())
    if inputs.hash != record.inputs_hash:
        breaks.append(Break(current, "inputs", record.inputs_hash, inputs.hash))
    restored_at = time.monotonic()
    (build or _dbt_build)(restored, state, record)
    found, rows = _hashes(restored)
    expected = folder.read_json(restored.published / current / folder.RECORD)["marts"]
    for name in sorted({name for name, mart in expected.items() if mart["part"] == "marts"} | set(found)):
        wanted = expected.get(name, {"hash": "no such mart"})["hash"]
        if found.get(name) != wanted:
            breaks.append(Break(current, f"{name} (rebuilt)", wanted, found.get(name, "no such mart")))
    if marts_hash(found) != record.marts_hash:
        breaks.append(Break(current, "marts (rebuilt)", record.marts_hash, marts_hash(found)))
    ended = time.monotonic()
    return Drill(current, len(found), rows, tuple(breaks), restored_at - started, ended - restored_at)


def _restore(settings: Settings, into: Path, record: Record) -> Settings:
    """Copies lake, manifest, reference data, state and the publication, as a restore from a backup would."""
    home, published = into / "home", into / "published"
    home.mkdir(parents=True)
    for name in ("lake", "quarantine", "reference", "manifests"):
        if (settings.home / name).is_dir():
            shutil.copytree(settings.home / name, home / name, symlinks=True)
    with State(settings.state_path).transaction():  # nobody writes while the file is copied
        shutil.copyfile(settings.state_path, home / settings.state_path.name)
    _point_at_manifest(settings, home, record)
    shutil.copytree(settings.published / record.publication_id, published / record.publication_id)
    shutil.copytree(settings.published / folder.CHAIN, published / folder.CHAIN)
    folder.point_current_at(published, record.publication_id)
    changed = {
        "home": home,
        "published": published,
        "reference": settings.reference or home / "reference",
        "now": datetime.fromisoformat(record.published_at),
        "postgres_url": None,
    }
    # Not model_copy: it would carry along the folders that were derived from the old home.
    return Settings.model_construct(**{name: getattr(settings, name) for name in Settings.model_fields} | changed)


def _point_at_manifest(settings: Settings, home: Path, record: Record) -> None:
    """Lays the manifest of the publication in force again: a later night may have laid down another."""
    built = State(settings.state_path).rows("select manifest_id from build where build_id = ?", (record.build_id,))
    folders = [home / "manifests" / row["manifest_id"] for row in built]
    found = next((each for each in folders if each.is_dir()), None)
    if found is None:
        raise PublicationError(
            f"the manifest of build {record.build_id} is no longer in {settings.manifests}: "
            "run the night and drill again"
        )
    (home / "in_force").symlink_to(os.path.relpath(found, home), target_is_directory=True)


def _dbt_build(restored: Settings, state: State, record: Record) -> None:
    from pipelines import warehouse

    manifest = (restored.in_force).resolve().name
    with state.transaction() as connection:
        # The restored state remembers what stood in the warehouse that is gone: everything is built anew.
        connection.execute("delete from note where key like 'inputs:%'")
    for part in warehouse.PARTS:
        built = warehouse.build_part(
            restored, state, part, run_id="drill", manifest_id=manifest, wanted=f"drill-{record.build_id}"
        )
        if built.problems():
            raise PublicationError(f"the drill could not build {part}: {'; '.join(built.problems())}")


def _hashes(restored: Settings) -> tuple[dict[str, str], int]:
    areas = tuple(area for area in AREAS if area != RECORDS)
    with connect(restored.memory, restored.threads, restored.home / "spill") as connection:
        attach(connection, restored.warehouse_path, "warehouse")
        found = {
            mart.full_name: content(connection, mart, mart.relation("warehouse"))
            for mart in catalogue(connection, "warehouse", areas)
        }
    return {name: each.hash for name, each in found.items()}, sum(each.rows for each in found.values())
