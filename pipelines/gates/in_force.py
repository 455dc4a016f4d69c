"""The folder that dbt reads: the versions in force tonight, as hard links under plain names.

Belongs here: laying out `home/manifests/<id>/` and swapping `home/in_force` to it as a whole. Does not belong here:
which versions those are (`members.py`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import polars as pl

from pipelines import contract
from pipelines.settings import Settings

KEPT = 3


@dataclass(frozen=True)
class Line:
    """One line of the manifest: what is in force of a member's extract and period, and why not something newer."""

    member_id: str
    extract: str
    period: str
    version: str
    delivery_date: date | None
    status: str  # accepted, stale, quarantined
    reason: str


@dataclass(frozen=True)
class InForce:
    """A version in force: whose it is and the file that holds it."""

    member_id: str
    extract: str
    period: str
    version: str
    delivery_date: date
    path: Path


_SCHEMA = {
    "member_id": pl.String,
    "extract": pl.String,
    "period": pl.String,
    "version": pl.String,
    "delivery_date": pl.Date,
    "status": pl.String,
    "reason": pl.String,
}


def link(settings: Settings, manifest_id: str, in_force: Sequence[InForce], lines: Sequence[Line]) -> Path:
    """Makes the manifest's folder, unless it stands, and points `in_force` at it in one step."""
    folder = settings.manifests / manifest_id
    if not (folder / "_manifest.parquet").exists():
        shutil.rmtree(folder, ignore_errors=True)
        for extract in contract.load().extracts.values():
            (folder / extract.name).mkdir(parents=True, exist_ok=True)
            pl.DataFrame(schema=extract.polars_schema()).write_parquet(folder / extract.name / "_empty.parquet")
        for version in in_force:
            target = folder / version.extract / f"{version.member_id}-{version.period}.parquet"
            _hard_link(version.path, target)
    aside = folder / "_manifest.parquet.new"
    pl.DataFrame([asdict(line) for line in lines], schema=_SCHEMA).write_parquet(aside)
    os.replace(aside, folder / "_manifest.parquet")
    _point(settings.in_force, folder)
    _retire(settings.manifests, keep=folder)
    return folder


def _hard_link(source: Path, target: Path) -> None:
    """A link where the file system can, a copy where it cannot (another device, no links)."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _point(symlink: Path, folder: Path) -> None:
    aside = symlink.with_name(f".{symlink.name}.new")
    aside.unlink(missing_ok=True)
    aside.symlink_to(os.path.relpath(folder, symlink.parent), target_is_directory=True)
    os.replace(aside, symlink)


def _retire(manifests: Path, *, keep: Path) -> None:
    """Old manifests go, but for the last few; their files live on in the lake."""
    others = sorted(
        (each for each in manifests.iterdir() if each.is_dir() and each != keep),
        key=lambda each: each.stat().st_mtime,
        reverse=True,
    )
    for each in others[KEPT - 1 :]:
        shutil.rmtree(each, ignore_errors=True)
