"""Cases and charge lines of one member and month, as two frames.

Belongs here: putting visits and stays together, with ids, payers and doctors. Not here: what is delivered of them at a
month's end (care_extracts), and what is planted into them (violations).

`cases` has one row per case begun in the month (times in minutes, whole length); `lines` one row per charge line over
the whole length of its case, amounts in fen. Lines point to cases by row number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.demo import clinical, places
from pipelines.demo.people import Ints, identity_numbers, uniform
from pipelines.demo.referring import Move, down, stays_of, up
from pipelines.demo.sizes import PERIODS, PERSONAS, Member
from pipelines.demo.stay_lines import critical, operated, operation_day, stay_lines
from pipelines.demo.stays import DISPOSITIONS, Bools, Stays
from pipelines.demo.visits import Lines, Visits, visit_lines, visits
from pipelines.demo.world import World, short

PAYERS = ("employee", "resident", "self", "other")
VISIT_LETTER = {"outpatient": "O", "emergency": "E", "home_visit": "V", "inpatient": "I", "day_surgery": "D"}


@dataclass
class Care:
    """Cases and lines begun in one month."""

    member: Member
    period: str
    cases: pl.DataFrame
    lines: pl.DataFrame


BUSY_DAY = 60
"""Visits that a doctor can expect on the busiest day: chance then never makes a day's work of a hundred (R67)."""


def busiest_day(world: World, member: Member) -> list[float]:
    """Visits that each department can expect on its busiest day: one that seven of ten of a Sunday have moved to."""
    out = [0.0] * len(places.places(member))
    for period in PERIODS:
        volume, day = world.volume(member, period), [0.0] * len(out)
        for chronic, n in ((True, volume.chronic), (False, volume.acute)):
            for visit, share in world.kinds(member, chronic=chronic):
                day[places.clinic(member, visit.setting)] += n * share * 1.7 / 30
        out = [max(pair) for pair in zip(out, day, strict=True)]
    return out


def doctors(world: World, member: Member) -> list[int]:
    """Doctors of each department, from its usual volume and its busiest day."""
    volume = max((world.volume(member, p) for p in PERIODS), key=lambda v: v.visits)
    out = []
    for place, day in zip(places.places(member), busiest_day(world, member), strict=True):
        if place.setting:
            out.append(max(1, -(-int(volume.visits * 0.3) // 520), math.ceil(day / BUSY_DAY)))
        elif place.beds:
            out.append(max(1, -(-int(volume.stays * place.beds) // 22)))
        else:
            out.append(0)
    return out


def doctor_ids(world: World, member: Member) -> list[list[str]]:
    """Person ids of the doctors of each department; payroll carries the same ids."""
    return [[f"{member.member_id}-{d:02d}D{k + 1:03d}" for k in range(n)] for d, n in enumerate(doctors(world, member))]


def encounter_ids(member: Member, period: str, kind: list[str] | pl.Series, first: int = 1) -> pl.Series:
    """Encounter ids: member, month, letter of the kind, serial."""
    frame = pl.DataFrame({"k": kind}).with_row_index("n", first)
    return frame.select(
        pl.lit(f"{member.member_id}{short(period)}")
        + pl.col("k").replace_strict(VISIT_LETTER)
        + pl.col("n").cast(pl.String).str.zfill(6)
    ).to_series()


def moves_into(world: World, member: Member, period: str) -> list[Move]:
    """Referrals that touch the member in a month."""
    rows = [*up(world, period)[1], *down(world, period)[1]]
    return [m for m in rows if member.member_id in (m.from_id, m.to_id)]


def referred_out(world: World, member: Member, period: str, n: int) -> Bools:
    """Mask of visits that lead to a stay elsewhere."""
    mask = np.zeros(n, dtype=bool)
    for move in up(world, period)[1]:
        if move.from_id == member.member_id:
            mask[move.source_rows] = True
    return mask


def _payer(person: Ints) -> Ints:
    u = uniform(person, 61)
    return np.where(u < 0.30, 0, np.where(u < 0.90, 1, np.where(u < 0.97, 2, 3)))


def visit_cases(seen: Visits) -> pl.DataFrame:
    setting = np.array([v.setting for v in clinical.VISITS])[seen.kind]
    kind = np.where(setting == "emergency", "emergency", np.where(setting == "home", "home_visit", "outpatient"))
    diagnosis = np.array([v.diagnosis for v in clinical.VISITS])[seen.kind]
    n = len(seen.person)
    stays = 35 + (seen.person % 70)
    return pl.DataFrame(
        {
            "patient_id": identity_numbers(seen.person, seen.birth, seen.male),
            "encounter_type": kind,
            "male": seen.male,
            "age_years": seen.age,
            "person": seen.person,
            "dept": seen.dept,
            "start": seen.start,
            "end": np.minimum(seen.start + 60 + stays, seen.start // 1440 * 1440 + 1438),
            "kind": seen.kind,
            "primary_diagnosis": diagnosis,
            "primary_procedure": pl.Series([None] * n, dtype=pl.String),
            "drg_code": pl.Series([None] * n, dtype=pl.String),
            "group": np.full(n, -1),
            "disposition": ["home"] * n,
            "admission_kind": pl.Series([None] * n, dtype=pl.String),
            "los": np.zeros(n, dtype=np.int64),
            "operation_day": np.full(n, -1),
            "is_critical": np.zeros(n, dtype=bool),
            "referred_in": np.zeros(n, dtype=bool),
            "readmitted": np.zeros(n, dtype=bool),
        }
    )


def stay_cases(member: Member, stays: Stays) -> pl.DataFrame:
    n = len(stays.person)
    variant = (uniform(stays.person, 62) * 997).astype(np.int64)
    diagnosis, procedure = np.full(n, "", dtype=object), np.full(n, None, dtype=object)
    for index, group in enumerate(stays.groups):
        rows = np.flatnonzero(stays.group == index)
        diagnosis[rows] = np.array(group.diagnoses, dtype=object)[variant[rows] % len(group.diagnoses)]
        if group.procedures:
            procedure[rows] = np.array(group.procedures, dtype=object)[variant[rows] % len(group.procedures)]
    emergency = uniform(stays.person, 63) < 0.28
    codes = np.array([g.code for g in stays.groups], dtype=object)
    return pl.DataFrame(
        {
            "patient_id": identity_numbers(stays.person, stays.birth, stays.male),
            "encounter_type": np.where(stays.is_day_surgery, "day_surgery", "inpatient"),
            "male": stays.male,
            "age_years": stays.age,
            "person": stays.person,
            "dept": stays.ward,
            "start": stays.start,
            "end": stays.end,
            "kind": np.full(n, -1),
            "primary_diagnosis": pl.Series(list(diagnosis), dtype=pl.String),
            "primary_procedure": pl.Series(list(procedure), dtype=pl.String),
            "drg_code": pl.Series(list(codes[stays.group]) if n else [], dtype=pl.String),
            "group": stays.group,
            "disposition": np.array(DISPOSITIONS)[stays.disposition] if n else [],
            "admission_kind": np.where(emergency & ~stays.is_day_surgery, "emergency", "planned"),
            "los": stays.los,
            "operation_day": np.where(operated(stays), operation_day(stays), -1),
            "is_critical": critical(member, stays),
            "referred_in": stays.referred_in,
            "readmitted": stays.again,
        }
    )


def line_frame(world: World, member: Member, columns: dict[str, Ints], shift: int) -> pl.DataFrame:
    """Prices, amounts and executing departments for raw lines."""
    prices = world.catalogue.prices(member)
    rows = places.places(member)
    doer = np.array(
        [[places.executing(member, item, d) for item in world.catalogue.listed] for d in range(len(rows))],
        dtype=np.int32,
    )
    item, ordering = columns["item"], columns["ordering"]
    price = prices[item]
    return pl.DataFrame(
        {
            "case": (columns["case"] + shift).astype(np.int32),
            "minute": columns["minute"],
            "item": item.astype(np.int32),
            "named": item.astype(np.int32),  # whose name the line bears
            "quantity": columns["quantity"],
            "price": price,
            "amount": price * columns["quantity"],
            "ordering": ordering.astype(np.int32),
            "executing": doer[ordering, item],
            "days": np.zeros(len(item), dtype=np.int32),
            "tag": np.zeros(len(item), dtype=np.int32),
            "as_insured": np.zeros(len(item), dtype=bool),  # billed as within the catalogue, whatever the item is
            "off_stock": np.zeros(len(item), dtype=bool),  # billed, and never issued
        }
    )


def care(world: World, member: Member, period: str) -> Care:
    """Everything that begins at a member in a month, before anything is planted."""
    seen = visits(world, member, period)
    n = len(seen.person)
    first: Lines = visit_lines(world, member, period, seen, referred_out(world, member, period, n))
    visit_frame = visit_cases(seen)
    parts = [line_frame(world, member, first.columns(), 0)]
    cases = [visit_frame]
    if PERSONAS[member.persona].inpatient_share > 0:
        stays = stays_of(world, member, period)
        cases.append(stay_cases(member, stays).cast(visit_frame.schema))
        parts.append(line_frame(world, member, stay_lines(world, member, period, stays).columns(), n))
    return Care(member, period, finish(world, member, period, pl.concat(cases)), pl.concat(parts))


def finish(world: World, member: Member, period: str, frame: pl.DataFrame, first: int = 1) -> pl.DataFrame:
    """Ids, payers and doctors for raw cases.

    Args:
        world: the county.
        member: where.
        period: month of the first day.
        frame: raw cases.
        first: serial of the first of them.
    """
    payer = _payer(frame["person"].to_numpy())
    staff = doctor_ids(world, member)
    dept = frame["dept"].to_numpy()
    count = np.array([max(len(s), 1) for s in staff])
    width = int(count.max())
    table = np.array([[(s or ["-"])[k % max(len(s), 1)] for k in range(width)] for s in staff], dtype=object)
    turn = (uniform(frame["person"].to_numpy(), 64) * count[dept]).astype(np.int64)
    return frame.with_columns(
        encounter_ids(member, period, frame["encounter_type"], first).alias("encounter_id"),
        pl.Series("payer", np.array(PAYERS)[payer]),
        pl.Series("is_local_resident", uniform(frame["person"].to_numpy(), 65) < 0.94),
        pl.Series("doctor_id", list(table[dept, turn]), dtype=pl.String),
        pl.lit(False).alias("is_planned_readmission"),
        pl.lit("").alias("planted_secondary"),
    )
