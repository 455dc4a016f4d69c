"""All extracts of one member for the months of one year, month after month.

Belongs here: the order in which one part rests on another. Not here: how any part looks, nor files (deliver).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from pipelines.demo import (
    books,
    care_extracts,
    equipment,
    governance,
    internal,
    staff,
    stores,
    together,
    violations,
)
from pipelines.demo.care import Care, care
from pipelines.demo.care_extracts import Month
from pipelines.demo.people import days
from pipelines.demo.sizes import PERIODS, PERSONAS, Member
from pipelines.demo.stay_lines import LEVEL_FACTOR, STANDARD_RATE
from pipelines.demo.violations import Label
from pipelines.demo.world import World, last_day

Frames = dict[str, pl.DataFrame]
HISTORY_DAY = date(2026, 8, 31)


@dataclass
class Part:
    """One member and period: extracts by name (money in fen), and what was planted in it."""

    member: Member
    period: str
    frames: Frames
    labels: list[Label] = field(default_factory=list)
    norm: int = 0
    appended: pl.DataFrame | None = None  # settlements of the month before, now that more is known


def difference(world: World, cut: Month, settled: pl.DataFrame, member: Member) -> int:
    """DRG payment less charges of the insured stays closed in the month, in fen."""
    weights = {code: g.weight for code, g in world.catalogue.groups.items()}
    stays = settled.filter(pl.col("drg_code").is_not_null())
    rate = STANDARD_RATE * LEVEL_FACTOR[member.level] if member.level != "village" else 0
    paid = sum(round(weights[c] * rate) for c in stays["drg_code"])
    return int(paid - int(stays["total_charge"].sum())) // 4


def member_year(world: World, member: Member, year: str) -> Iterator[Part]:
    """Yield the parts of a member for the demo's months of a year, in order.

    Args:
        world: the county.
        member: whose extracts.
        year: "2025" or "2026".
    """
    persona = PERSONAS[member.persona]
    ledger, store = books.Ledger(), stores.Store()
    before: Care | None = None
    paid_before: pl.DataFrame | None = None
    cut_before: Month | None = None
    people: list[staff.Person] = []
    hours: dict[str, float] = {}
    open_beds: dict[tuple[str, str], int] = {}
    for period in [p for p in PERIODS if p.startswith(year)]:
        current, labels = violations.plant(world, care(world, member, period))
        cut = care_extracts.month(current, before)
        end = last_day(period)
        all_known = care_extracts.settlements(world, current, before, cut, known_until=10**6)
        charged = int(cut.lines["amount"].sum())
        first_month = not ledger.norm
        if first_month:
            ledger.norm = max(int(charged * 1.03), 1_000_000)
        norm = ledger.norm
        labour = round(norm * persona.labour * (1.0 if first_month else 1.02))
        health = round(norm * persona.public_health)
        uses = equipment.uses_of(world, cut)
        nights = care_extracts.nights(member, period, cut)
        if first_month:
            people = staff.roster(world, member, labour)
            hours = equipment.hours_of(uses)
            hours["ct"] = hours.get("ct", 0.0) + together.shared_hours(world, member, period)
        census = together.census(member, period, nights, {})
        if first_month:
            open_beds = staff.beds_open(member, census)
        pay = staff.payroll(member, people, labour)
        register = equipment.register(member, round(norm * persona.depreciation), hours, int(year))
        issues = stores.run(world, member, period, cut, store)
        if first_month:
            claims = int(all_known["fund_paid"].sum())
            payable = {g: v * 9 // 10 for g, v in issues.received.items()}
            ledger.balances = books.opening(world, member, ledger, issues, register, claims * 11 // 10, payable)
            old = [(g, v) for g, v in payable.items() if v]
            issues.paid += [(end - 14 - 3 * n, v * 8 // 10, g) for n, (g, v) in enumerate(old)]
            receipts = [(end - 26 + 7 * k, claims * 22 // 100) for k in range(4)]
        else:
            receipts = []
        known = all_known if paid_before is None else pl.concat([paid_before, all_known])
        receipts += _receipts(known, period)
        book = books.Books(world, member, period, ledger)
        book.case_totals = _case_totals(current, before)
        book.revenue(cut, all_known)
        book.insurance(receipts, difference(world, cut, all_known, member))
        basic = round(norm * persona.fiscal_basic)
        book.pay(staff.labour_by_dept(member, pay), basic)
        book.stores(cut, issues)
        book.assets(register, norm * 5 // 1000)
        capital = norm * 3 // 100 if member.level in ("tertiary", "secondary") else 0
        book.running(round(norm * persona.other), basic, health, capital)
        internal.post(book)
        book.journal.close(end)
        trial, ledger.balances = book.journal.trial_balance(ledger.balances)
        delivered = days(delivery_day(period))
        frames: Frames = {
            "encounters": care_extracts.encounters(member, cut),
            "diagnoses": care_extracts.diagnoses(world, cut),
            "procedures": care_extracts.procedures(world, cut),
            "charge_lines": care_extracts.charge_lines(world, member, cut),
            "settlements": care_extracts.settlements(world, current, before, cut, known_until=delivered),
            "prescriptions": care_extracts.prescriptions(world, cut),
            "bed_days": nights,
            "bed_census": together.census(member, period, nights, open_beds),
            "payroll": pay,
            "assets": register,
            "purchases": issues.purchases,
            "stock": issues.stock,
            "gl_entries": book.journal.entries_frame(),
            "trial_balance": trial,
            "cash_movements": book.journal.cash_frame(),
            "equipment_use": together.shared_use(
                world, member, period, register, equipment.equipment_use(member, period, register, uses)
            ),
        }
        if not member.is_total_only:
            frames["departments"] = staff.departments(member, people, open_beds)
            frames["workload"] = together.workload(world, member, cut, nights)
        frames |= together.frames(world, member, period, cut)
        frames |= governance.frames(world, member, period, cut, people, book.journal, labour)
        news = None
        if before is not None and cut_before is not None:
            then = days(delivery_day(before.period))
            news = care_extracts.settlements(world, before, None, cut_before, known_until=delivered).filter(
                (pl.col("settled_on").cast(pl.Int32) > then) | (pl.col("paid_on").cast(pl.Int32) > then)
            )
        yield Part(member, period, frames, violations.resolve(labels, current), norm, news)
        before, paid_before, cut_before = current, all_known, cut


def delivery_day(period: str) -> date:
    """Day of a period's first delivery; the history of 2025 came when the member joined the platform."""
    return (
        HISTORY_DAY if period.startswith("2025") else date(int(period[:4]), int(period[5:]), 30 + (period[5:] == "10"))
    )


def _receipts(known: pl.DataFrame, period: str) -> list[tuple[int, int]]:
    """Payments of the fund by day, for claims whose day of payment lies in the period."""
    mine = known.filter(pl.col("paid_on").dt.strftime("%Y-%m") == period)
    sums = mine.group_by(pl.col("paid_on").cast(pl.Int32).alias("d")).agg(pl.col("fund_paid").sum()).sort("d")
    return [(int(d), int(v)) for d, v in sums.iter_rows()]


def _case_totals(current: Care, before: Care | None) -> pl.DataFrame:
    """Whole charges of every case, by its row in the month."""
    parts, shift = [], 0
    for part in (before, current):
        if part is not None:
            parts.append(part.lines.group_by("case").agg(pl.col("amount").sum()).with_columns(pl.col("case") + shift))
            shift += part.cases.height
    return pl.concat(parts)
