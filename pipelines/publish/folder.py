"""Folders on disk that appear whole or not at all, and the pointer to the newest.

Belongs here: the layout of `published/`, durable writes, the swap, cleaning up after a run that died. Does not belong
here: what is in the files.

    published/<publication_id>/      consortium.duckdb, parquet/, site/, dictionary.*, publication.json; read-only files
    published/<publication_id>.tmp/  being written; removed by the next run
    published/chain/<id>.json        one record per publication ever made; outlives its folder
    published/drills/<time>.json     what each recovery drill showed
    published/pending.json           the record of a publication that is being switched to; finished by the next run
    published/current                link to the publication that readers open
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.publish.errors import NotPublished, PublicationError

CURRENT, CHAIN, PENDING, RECORD = "current", "chain", "pending.json", "publication.json"
DRILLS = "drills"
DATABASE, PARQUET, SITE, DOCS = "consortium.duckdb", "parquet", "site", "docs"
VALIDATIONS = "expectations.json"
_TEMPORARY = ".tmp"
_NO_LINKS = frozenset({errno.EXDEV, errno.EMLINK, errno.EPERM, errno.EOPNOTSUPP})
"""What a disk says that holds the other file, too many names of it, or no links at all."""


@contextmanager
def publishing(published: Path) -> Iterator[None]:
    """One publisher at a time; the lock goes with the process.

    Raises:
        PublicationError: another one is at work.
    """
    published.mkdir(parents=True, exist_ok=True)
    handle = os.open(published / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PublicationError(f"another run is publishing into {published}: wait for it and run again") from None
        yield
    finally:
        os.close(handle)


def begin(published: Path, publication_id: str) -> Path:
    """An empty folder to write a publication into."""
    folder = published / f"{publication_id}{_TEMPORARY}"
    (folder / PARQUET).mkdir(parents=True)
    return folder


def seal(temporary: Path) -> Path:
    """Makes a written folder durable, read-only and final; gives its final path."""
    found = list(os.walk(temporary, topdown=False))
    # The disk takes many files at once sooner than one after the other: a site has a thousand.
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(_harden, [Path(directory, name) for directory, _, files in found for name in files]))
    for directory, _, _ in found:
        _sync(Path(directory))
    final = temporary.with_name(temporary.name.removesuffix(_TEMPORARY))
    temporary.rename(final)
    _sync(final.parent)
    return final


def point_current_at(published: Path, publication_id: str) -> None:
    """Swaps `current` in one step: a reader finds the old publication or the new, never none.

    Raises:
        NotPublished: that publication's folder is not there.
    """
    if not (published / publication_id / RECORD).is_file():
        raise NotPublished(f"{publication_id} is not kept under {published}")
    link = published / f".{CURRENT}{_TEMPORARY}"
    link.unlink(missing_ok=True)
    link.symlink_to(publication_id, target_is_directory=True)
    os.replace(link, published / CURRENT)
    _sync(published)


def current_id(published: Path) -> str | None:
    """The publication that readers open, or None before the first."""
    link = published / CURRENT
    return os.readlink(link) if link.is_symlink() else None


def kept(published: Path) -> list[str]:
    """Ids of the publications whose folders are kept, oldest first."""
    folders = [path.parent for path in published.glob(f"*/{RECORD}")]
    return sorted(path.name for path in folders if path.suffix != _TEMPORARY and not path.is_symlink())


def remove(published: Path, publication_id: str) -> None:
    """Takes a publication's folder away: out of sight first, so that a run killed here leaves no half of it."""
    temporary = published / f"{publication_id}{_TEMPORARY}"
    if (published / publication_id).exists():
        (published / publication_id).rename(temporary)
    shutil.rmtree(temporary, ignore_errors=False)


def sweep(published: Path) -> list[str]:
    """Removes what a run that died left behind: unfinished folders, and finished ones that no record speaks of."""
    known = {path.stem for path in (published / CHAIN).glob("*.json")}
    removed = []
    for path in sorted(published.iterdir()):
        unfinished = path.is_dir() and path.suffix == _TEMPORARY
        unknown = (path / RECORD).is_file() and not path.is_symlink() and path.name not in known
        if unfinished or unknown:
            shutil.rmtree(path)
            removed.append(path.name)
        elif path.name.startswith(".") and path.suffix == _TEMPORARY:
            path.unlink()
    return removed


def link_or_copy(source: Path, target: Path) -> None:
    """A second name for a file that is never changed again; a copy where the disk gives none."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copyfile(source, target)


def write_json(path: Path, value: Any) -> None:
    """Writes JSON aside, then renames it: durable, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}{_TEMPORARY}")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    _sync(path.parent)


def read_json(path: Path) -> Any:
    """What a file of ours holds.

    Raises:
        PublicationError: it is damaged; names it.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as damage:
        raise PublicationError(f"{path} is damaged ({damage}): restore it from a backup and run again") from None


def require_room(published: Path, needed: int) -> None:
    """Refuses to begin what would not fit.

    Raises:
        PublicationError: fewer bytes are free than the publication is likely to take.
    """
    free = shutil.disk_usage(published).free
    if free < needed:
        raise PublicationError(
            f"{published} has {free // 2**20} MiB free, the publication needs about {needed // 2**20} MiB: "
            f"make room, or lower CONSORTIUM_KEEP_PUBLICATIONS, and run again"
        )


def _harden(path: Path) -> None:
    path.chmod(0o444)
    _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
