"""Deliveries: files and manifests in the landing area.

Belongs here: typing frames by the contract, writing them, control totals, the manifest that comes last. Not here:
what is in them (county), vendors' dialects (dialects), planted faults (faults).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.contract import Extract, Type

FEN = (Type.MONEY, Type.PRICE)
LARGE = ("charge_lines", "encounters", "bed_days", "prescriptions")
"""Extracts that a canonical member sends as Parquet."""


@dataclass
class Folder:
    """One delivery folder under way: entries of its manifest so far."""

    landing: Path
    member_id: str
    day: date
    vendor: str
    entries: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0

    @property
    def path(self) -> Path:
        """<landing>/<member_id>/<delivery_date>."""
        return self.landing / self.member_id / self.day.isoformat()

    def add(
        self, extract: Extract, frame: pl.DataFrame, file: Path, period: str, mode: str = "snapshot", **wrong: Any
    ) -> None:
        """Enter a file that is already written; `wrong` overwrites what the manifest says (planted faults)."""
        totals = {
            name: format(Decimal(frame[name].sum() or 0).quantize(Decimal("0.01")), "f")
            for name in extract.control_totals
        }
        entry: dict[str, Any] = {
            "extract": extract.name,
            "file": file.relative_to(self.path).as_posix(),
            "period": period,
            "mode": mode,
            "rows": frame.height,
            "sha256": sha256(file),
            "control_totals": totals,
        }
        self.entries.append({**entry, **wrong})
        self.rows += frame.height

    def close(self) -> None:
        """Write the manifest: its presence makes the delivery complete."""
        body = {
            "member_id": self.member_id,
            "delivery_date": self.day.isoformat(),
            "vendor": self.vendor,
            "files": self.entries,
        }
        text = json.dumps(body, ensure_ascii=False, indent=1) + "\n"
        (self.path / "manifest.json").write_text(text, encoding="utf-8")


def sha256(file: Path) -> str:
    """Hash of a file, read in blocks."""
    digest = hashlib.sha256()
    with file.open("rb") as handle:
        while block := handle.read(4 * 1024 * 1024):
            digest.update(block)
    return digest.hexdigest()


def canonical(extract: Extract, frame: pl.DataFrame) -> pl.DataFrame:
    """A frame of the generator (money and prices in integer fen) as the contract types it.

    Raises:
        ValueError: a required column is missing.
    """
    missing = [n for n, c in extract.columns.items() if n not in frame.columns and not c.optional]
    if missing:
        raise ValueError(f"{extract.name}: the generator made no {', '.join(missing)}")
    schema = extract.polars_schema()
    out = []
    for name, column in extract.columns.items():
        kind = schema[name]
        if name not in frame.columns:
            out.append(pl.lit(None, dtype=kind).alias(name))
            continue
        value = pl.col(name)
        if column.type in FEN:
            value = (value.cast(pl.Decimal(38, 4)) / 100).cast(kind)
        elif frame[name].dtype in (pl.Float64, pl.Float32) and isinstance(kind, pl.Decimal):
            value = value.round(6).cast(kind)
        elif frame[name].dtype != kind:
            value = value.cast(kind)
        out.append(value.alias(name))
    return frame.select(out)


def write_canonical(frame: pl.DataFrame, file: Path) -> None:
    """Write CSV (UTF-8, header, ISO dates, `.` decimals) or Parquet, by the suffix."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".parquet":
        frame.write_parquet(file, compression="zstd", compression_level=1, row_group_size=262_144)
    else:
        frame.write_csv(file, datetime_format="%Y-%m-%d %H:%M:%S", date_format="%Y-%m-%d")


def folder_of(landing: Path, member_id: str, day: date, vendor: str, taken: Iterable[Folder] = ()) -> Folder:
    """The folder of a delivery, the one under way where there is one."""
    for folder in taken:
        if folder.member_id == member_id and folder.day == day:
            return folder
    fresh = Folder(landing, member_id, day, vendor)
    fresh.path.mkdir(parents=True, exist_ok=True)
    return fresh
