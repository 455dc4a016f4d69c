"""Deliveries to measure with: the demo consortium in canonical files, once per size and format.

Here: writing them, copies of landings and homes, one extract delivered anew. Not here: what is in them
(pipelines/demo).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import polars as pl

from pipelines import demo

Format = Literal["csv", "parquet"]
EXTRACT = "charge_lines"
"""What is delivered anew: the largest extract."""


def landing(folder: Path, size: str, kind: Format) -> Path:
    """The deliveries of a size and format; written once, and again when a run before broke off."""
    target = folder / f"{size}-{kind}"
    if not (target / "_complete").exists():
        shutil.rmtree(target, ignore_errors=True)
        print(f"writing the demo consortium of size {size} as {kind} to {target}", file=sys.stderr)
        demo.write(target, size=size, as_canonical=kind)
        (target / "_complete").touch()
    return target


def copied(source: Path, target: Path) -> Path:
    """A copy that shares what is never written in place: delivered files and Parquet."""
    shutil.copytree(source, target, symlinks=True, copy_function=_link_or_copy)
    return target


def _link_or_copy(source: str, target: str) -> None:
    if source.endswith(".parquet"):
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def typical_member(landing: Path) -> str:
    """The member in the middle by charge lines."""
    lines: Counter[str] = Counter()
    for path in landing.glob("*/*/manifest.json"):
        manifest = json.loads(path.read_bytes())
        lines[manifest["member_id"]] += sum(file["rows"] for file in manifest["files"] if file["extract"] == EXTRACT)
    ranked = [member for member, _ in lines.most_common()]
    return ranked[len(ranked) // 2]


def deliver_anew(landing: Path, member: str) -> Path:
    """The member's newest charge lines again, the day after its last delivery: one line a minute later, same totals.

    Returns:
        The new delivery's folder.
    """
    newest = max((landing / member).glob("*/manifest.json"))
    manifest = json.loads(newest.read_bytes())
    entry = max((f for f in manifest["files"] if f["extract"] == EXTRACT), key=lambda f: str(f["period"]))
    source = newest.parent / entry["file"]
    day = (date.fromisoformat(manifest["delivery_date"]) + timedelta(days=1)).isoformat()
    folder = newest.parent.parent / day
    folder.mkdir()
    target = folder / source.name
    is_parquet = source.suffix == ".parquet"
    frame = pl.read_parquet(source) if is_parquet else pl.read_csv(source, infer_schema=False)
    moment = pl.col("charged_at") if is_parquet else pl.col("charged_at").str.to_datetime("%Y-%m-%d %H:%M:%S")
    later = moment + pl.when(pl.int_range(pl.len()) == 0).then(pl.duration(minutes=1)).otherwise(pl.duration())
    if is_parquet:
        frame.with_columns(charged_at=later).write_parquet(target, compression="zstd", compression_level=1)
    else:
        frame.with_columns(charged_at=later.dt.strftime("%Y-%m-%d %H:%M:%S")).write_csv(target)
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    said = {**manifest, "delivery_date": day, "files": [{**entry, "sha256": digest}]}
    (folder / "manifest.json").write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    return folder
