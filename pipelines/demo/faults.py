"""Planted faults of deliveries, with what the ingest should say about each.

Belongs here: a corrected, a late, an unfinished and several broken deliveries on top of the sound ones, and their
labels. Not here: wrong business (violations, intercompany). The faults leave every member with a version in force;
only the township `STALE` keeps an older one than it tried to deliver.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.contract import Contract
from pipelines.demo import dialects
from pipelines.demo.county import Part
from pipelines.demo.deliver import Folder, canonical

STALE = "T04"
LATE = "T03"
CORRECTED = "H02"
NEXT_DAY = date(2026, 11, 1)
LAST = "2026-10"


@dataclass(frozen=True)
class Fault:
    """A row of _labels/faults.csv."""

    member_id: str
    delivery_date: str
    file: str
    extract: str
    period: str
    expected_outcome: str
    expected_reason: str
    note: str


def day_of(member_id: str, period: str, usual: date) -> date:
    """Day of a delivery: one member is a day late with the last period."""
    return NEXT_DAY if member_id == LATE and period == LAST else usual


def _duplicate_row(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([frame, frame[:1]])


def _contradiction(frame: pl.DataFrame) -> pl.DataFrame:
    other = frame[:1].with_columns((pl.col("uses") + 1).alias("uses"))
    return pl.concat([frame, other])


def _unmapped(frame: pl.DataFrame) -> pl.DataFrame:
    """A memo line without an amount on an account that no map knows: listed, and nobody is held back for it."""
    memo = frame[:1].with_columns(
        pl.lit("9901-备查").alias("account_code"), pl.lit("代保管物资备查").alias("account_name"),
        pl.lit(99_999, dtype=pl.Int64).alias("line_no"),
        *(pl.lit(0).cast(frame.schema[c]).alias(c) for c in ("debit", "credit")),
    )  # fmt: skip
    return pl.concat([frame, memo])


_IN_FRAME: dict[tuple[str, str], tuple[Callable[[pl.DataFrame], pl.DataFrame], str, str]] = {
    ("T01", "purchases"): (
        _duplicate_row,
        "accepted_with_quarantine",
        "one row delivered twice: the second is set aside",
    ),
    ("H01", "equipment_use"): (
        _contradiction,
        "accepted_with_quarantine",
        "two rows of one key that differ: both set aside",
    ),
    ("T02", "gl_entries"): (_unmapped, "accepted", "a memo line on an account that no map knows, without an amount"),
}
_IN_FILE: dict[tuple[str, str], tuple[str, str, int, str, str]] = {
    ("T02", "prescriptions"): (
        "系统",
        "待定",
        3,
        "accepted_with_quarantine",
        "three rows with a word that no list knows",
    ),
}


def in_frame(part: Part, extract: str, frame: pl.DataFrame) -> pl.DataFrame:
    """A frame as its member's system exports it, faults and all."""
    touch = _IN_FRAME.get((part.member.member_id, extract)) if part.period == LAST else None
    return touch[0](frame) if touch and frame.height else frame


def in_file(part: Part, extract: str, file: Path) -> None:
    """Break cells of a text file that is already written, before it is hashed."""
    wrong = _IN_FILE.get((part.member.member_id, extract)) if part.period == LAST else None
    if wrong is not None:
        old, new, times, _, _ = wrong
        raw = file.read_bytes()
        file.write_bytes(raw.replace(old.encode("gb18030"), new.encode("gb18030"), times))


def labels_of(part: Part, extract: str, file: Path, day: date) -> list[Fault]:
    """Labels of the faults inside a part's own delivery."""
    key = (part.member.member_id, extract)
    out = []
    if part.period == LAST:
        for reason, note in [v[1:] for k, v in _IN_FRAME.items() if k == key] + [
            v[3:] for k, v in _IN_FILE.items() if k == key
        ]:
            out.append(Fault(key[0], day.isoformat(), file.name, extract, LAST, "accepted", reason, note))
    return out


def afterwards(landing: Path, agreed: Contract, parts: dict[str, Part]) -> list[Fault]:
    """Deliveries of the day after: a correction, four broken files, an unfinished folder, a stranger.

    Args:
        landing: landing area.
        agreed: the contract.
        parts: the last period's parts by member.
    """
    out: list[Fault] = []
    if CORRECTED in parts:
        out += _correction(landing, agreed, parts[CORRECTED])
    if STALE in parts:
        out += _broken(landing, agreed, parts[STALE])
    for member_id, day, reason, note in (
        ("V01", date(2026, 10, 30), "no_manifest", "a folder without a manifest, past its deadline"),
        ("H03", NEXT_DAY, "", "a folder without a manifest, still in time: nothing is said about it"),
    ):
        if member_id in parts:
            folder = landing / member_id / day.isoformat()
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "surveys_part.csv").write_text("survey_id\n", encoding="utf-8")
            out.append(Fault(member_id, day.isoformat(), "", "", "", "in_transit" if reason else "", reason, note))
    stranger = landing / "X99" / "2026-10-31"
    stranger.mkdir(parents=True, exist_ok=True)
    body = {"member_id": "X99", "delivery_date": "2026-10-31", "vendor": "canonical", "files": []}
    (stranger / "manifest.json").write_text(json.dumps(body) + "\n", encoding="utf-8")
    out.append(Fault("X99", "2026-10-31", "", "", "", "refused", "unknown_member", "no member of this consortium"))
    return out


def _file(part: Part, agreed: Contract, extract: str, folder: Folder) -> tuple[pl.DataFrame, Path]:
    frame = canonical(agreed.extracts[extract], part.frames[extract])
    member = part.member
    return frame, dialects.write(
        member.member_id,
        member.name_zh,
        member.vendor,
        agreed.extracts[extract],
        frame,
        f"{part.period}_2",
        folder.path,
    )


def _folder(landing: Path, part: Part) -> Folder:
    folder = Folder(landing, part.member.member_id, NEXT_DAY, part.member.vendor)
    folder.path.mkdir(parents=True, exist_ok=True)
    return folder


def _correction(landing: Path, agreed: Contract, part: Part) -> list[Fault]:
    """Budgets again, as version 2."""
    folder = _folder(landing, part)
    better = Part(part.member, part.period, {"budgets": part.frames["budgets"].with_columns(version=pl.lit(2))})
    frame, file = _file(better, agreed, "budgets", folder)
    folder.add(agreed.extracts["budgets"], frame, file, part.period)
    folder.close()
    note = "a corrected delivery replaces the day before's"
    day = NEXT_DAY.isoformat()
    return [Fault(part.member.member_id, day, file.name, "budgets", part.period, "accepted", "accepted", note)]


def _broken(landing: Path, agreed: Contract, part: Part) -> list[Fault]:
    """Four files of which none can be taken in: the versions of the day before stay in force."""
    folder = _folder(landing, part)
    out = []

    def say(file: Path, extract: str, period: str, reason: str, note: str) -> None:
        verdict = "rejected"
        out.append(
            Fault(part.member.member_id, NEXT_DAY.isoformat(), file.name, extract, period, verdict, reason, note)
        )

    frame, file = _file(part, agreed, "gl_entries", folder)
    totals = {"debit": "1.00", "credit": "1.00"}
    folder.add(agreed.extracts["gl_entries"], frame, file, part.period, control_totals=totals)
    say(
        file,
        "gl_entries",
        part.period,
        "control_total_differs",
        "the manifest's control totals are not those of the file",
    )
    frame, file = _file(part, agreed, "purchases", folder)
    folder.add(agreed.extracts["purchases"], frame, file, part.period)
    raw = file.read_bytes()
    file.write_bytes(raw[: len(raw) * 2 // 3])
    say(file, "purchases", part.period, "sha256_differs", "the file was cut off on its way")
    frame, file = _file(part, agreed, "surveys", folder)
    file.write_text("<html><table><tr><td>导出失败</td></tr></table></html>", encoding="utf-8")
    folder.add(agreed.extracts["surveys"], frame, file, part.period)
    say(file, "surveys", part.period, "wrong_format", "an error page under the name of a workbook")
    frame, file = _file(part, agreed, "assets", folder)
    folder.add(agreed.extracts["assets"], frame, file, "2026-13")
    say(file, "assets", "2026-13", "entry_invalid", "a period that no calendar has")
    folder.close()
    return out
