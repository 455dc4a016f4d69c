"""Writing the county: which part goes to which delivery, labels and reference data beside it.

Belongs here: the loop over members and periods, the summary. Not here: file formats (deliver, dialects).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import polars as pl

from pipelines import contract
from pipelines.contract import Extract
from pipelines.demo import dialects, faults, intercompany, oddities, violations
from pipelines.demo.county import Part, delivery_day, member_year
from pipelines.demo.deliver import LARGE, Folder, canonical, folder_of, write_canonical
from pipelines.demo.sizes import PERIODS, REGION, Member, previous_period
from pipelines.demo.staff import MONTHLY_PAY
from pipelines.demo.world import World

Kind = Literal["csv", "parquet"]


@dataclass(frozen=True)
class DemoSummary:
    """What was written: counts over all members and periods, and where labels and reference data are."""

    landing: Path
    size: str
    seed: int
    members: tuple[str, ...]
    periods: tuple[str, ...]
    deliveries: int
    files: int
    rows: dict[str, int]
    violations: int
    faults: int

    @property
    def labels(self) -> Path:
        """Folder of the labels, which the pipeline never reads."""
        return self.landing / "_labels"

    @property
    def seeds(self) -> Path:
        """Reference data of this county, for CONSORTIUM_SEEDS."""
        return self.landing / "_seeds"


def _write_rows(file: Path, names: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _labels(landing: Path, world: World, found: list[violations.Label], planted: list[faults.Fault]) -> None:
    names = ["rule_code", "member_id", "encounter_id", "charge_ids", "is_violation", "note"]
    for file, mine in (("violations", False), ("anomalies", True)):
        _write_rows(
            landing / "_labels" / f"{file}.csv", names,
            ({**asdict(v), "charge_ids": "|".join(v.charge_ids), "is_violation": str(v.is_violation).lower()}
             for v in found if (v.rule_code == oddities.ANOMALY) is mine),
        )  # fmt: skip
    names = [f.name for f in fields(intercompany.Label)]
    rows = []
    for label in intercompany.labels(world):
        row = asdict(label)
        for amount in ("amount", "counterparty_amount"):
            row[amount] = f"{row[amount] // 100}.{row[amount] % 100:02d}"
        rows.append(row)
    _write_rows(landing / "_labels" / "intercompany.csv", names, rows)
    names = [f.name for f in fields(faults.Fault)]
    _write_rows(landing / "_labels" / "faults.csv", names, map(asdict, planted))


def _seeds(landing: Path, world: World, norms: dict[str, int]) -> None:
    """members.csv of this county: the project's own names size S with the staff of a real county."""
    names = ["member_id", "name_zh", "name_en", "level", "role", "function", "region_code", "vendor",
             "fiscal_year_start", "monthly_basic_cost", "staff_count", "joined_on"]  # fmt: skip
    region = world.region or REGION
    rows = []
    for m in world.members:
        basic = norms.get(m.member_id, 0) * 55 // 100
        heads = max(basic // MONTHLY_PAY[m.level], 1)
        rows.append(
            dict(zip(names, (m.member_id, m.name_zh, m.name_en, m.level, m.role, m.function, region, m.vendor, "01-01",
                             f"{basic // 100}.{basic % 100:02d}", heads, "2021-07-01"), strict=True))
        )  # fmt: skip
    _write_rows(landing / "_seeds" / "members.csv", names, rows)


def write_county(
    landing: Path,
    *,
    size: str,
    seed: int,
    members: Sequence[str] | None,
    periods: Sequence[str] | None,
    as_canonical: Kind | None,
    on_progress: Callable[[str], None] | None,
) -> DemoSummary:
    """See `pipelines.demo.write`."""
    world = World(size, seed)
    if as_canonical is None and size != "S":
        as_canonical = "parquet"  # a workbook of a million rows is nobody's delivery
    chosen = tuple(periods or PERIODS)
    if unknown := [p for p in chosen if p not in PERIODS]:
        raise ValueError(f"no such period in the demo: {', '.join(unknown)}; there are {', '.join(PERIODS)}")
    who: list[Member] = [m for m in world.members if members is None or m.member_id in members]
    if members is not None and len(who) != len(set(members)):
        raise ValueError(f"size {size} has the members {', '.join(m.member_id for m in world.members)}")
    landing.mkdir(parents=True, exist_ok=True)
    agreed = contract.load()
    counts: dict[str, int] = {}
    found: list[violations.Label] = []
    norms: dict[str, int] = {}
    planted: list[faults.Fault] = []
    last: dict[str, Part] = {}
    n_files = n_folders = 0
    for member in who:
        folders: list[Folder] = []
        for year in sorted({p[:4] for p in chosen}):
            for part in member_year(world, member, year):
                if part.period not in chosen:
                    continue
                planted += _deliver(landing, agreed, part, as_canonical, folders)
                if part.period == faults.LAST:
                    last[member.member_id] = part
                found += part.labels
                norms[member.member_id] = part.norm
                for name, frame in part.frames.items():
                    counts[name] = counts.get(name, 0) + frame.height
                if on_progress is not None:
                    on_progress(
                        f"{member.member_id} {part.period}: {part.frames['charge_lines'].height:,} charge lines"
                    )
        for folder in folders:
            folder.close()
            n_files += len(folder.entries)
        n_folders += len(folders)
    if as_canonical is None:
        planted += faults.afterwards(landing, agreed, last)
    _labels(landing, world, found, planted)
    _seeds(landing, world, norms)
    return DemoSummary(
        landing, size, seed, tuple(m.member_id for m in who), chosen, n_folders, n_files, counts,
        sum(v.is_violation for v in found if v.rule_code != oddities.ANOMALY), len(planted),
    )  # fmt: skip


def _deliver(
    landing: Path, agreed: contract.Contract, part: Part, as_canonical: Kind | None, folders: list[Folder]
) -> list[faults.Fault]:
    """Write one part into its delivery folder; returns the labels of the faults in it."""
    member, plain = part.member, as_canonical is not None
    vendor = "canonical" if plain else member.vendor
    day = delivery_day(part.period)
    if not plain:
        day = faults.day_of(member.member_id, part.period, day)
    folder = folder_of(landing, member.member_id, day, vendor, folders)
    if folder not in folders:
        folders.append(folder)
    planted: list[faults.Fault] = []
    written: list[tuple[Extract, pl.DataFrame, Path, str, str]] = []

    def put(name: str, frame: pl.DataFrame, period: str, mode: str) -> None:
        extract = agreed.extracts[name]
        typed = canonical(extract, frame)
        stamp = period if mode == "snapshot" else f"{period}_append"
        if not plain and mode == "snapshot":
            typed = faults.in_frame(part, name, typed)
        if vendor == "canonical":
            kind = as_canonical or ("parquet" if name in LARGE else "csv")
            file = folder.path / f"{name}_{stamp}.{kind}"
            write_canonical(typed, file)
        else:
            file = dialects.write(member.member_id, member.name_zh, vendor, extract, typed, stamp, folder.path)
        if not plain and mode == "snapshot":
            faults.in_file(part, name, file)
            planted.extend(faults.labels_of(part, name, file, day))
        written.append((extract, typed, file, period, mode))

    for name, frame in part.frames.items():
        if frame.height:
            put(name, frame, part.period, "snapshot")
    if part.appended is not None and part.appended.height:
        put("settlements", part.appended, previous_period(part.period), "append")
    for extract, typed, file, period, mode in written:  # a database holds several extracts: hash it when all are in
        folder.add(extract, typed, file, period, mode)
    return planted
