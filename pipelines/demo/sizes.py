"""Who is in the demo county, and how large: members, periods, volumes.

Belongs here: every figure that says how much of something a member has. Not here: how a case, a
voucher or a person looks (cases, ledger, people). Figures follow the ranges of rules P (S4-CASE-01 service share,
S3-CASE-08 length of stay, S4-CASE-02 cost structure); they are sanity ranges, not targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PERIODS: tuple[str, ...] = ("2025-09", "2025-10", "2026-09", "2026-10")
FOCUS: tuple[str, ...] = ("2026-09", "2026-10")
"""The two accounting periods that the night is about; the 2025 ones are their year-before months."""

REGION = "330599"
"""County of the demo: a serial of GB/T 2260 that no real county holds."""


@dataclass(frozen=True)
class Member:
    """One member institution of the demo consortium."""

    member_id: str
    name_zh: str
    name_en: str
    level: str
    role: str
    persona: str
    vendor: str
    function: str
    weight: float
    serial: int

    @property
    def is_total_only(self) -> bool:
        """A village clinic delivers its ledger by totals, without departments (extracts page)."""
        return self.persona == "village"


@dataclass(frozen=True)
class Persona:
    """What members of one kind have in common."""

    inpatient_share: float
    emergency_share: float
    day_surgery_share: float
    home_visit_share: float
    labour: float  # cost per yuan of charges, at full-price equilibrium
    depreciation: float
    other: float
    fiscal_basic: float  # subsidy per yuan of charges
    public_health: float  # public health income and cost per yuan of charges
    price_level: float  # of the ceiling of the price list
    drug_level: float


PERSONAS: dict[str, Persona] = {
    "tertiary": Persona(0.170, 0.07, 0.012, 0.0, 0.375, 0.065, 0.105, 0.055, 0.0, 0.98, 0.94),
    "general": Persona(0.120, 0.06, 0.006, 0.0, 0.390, 0.055, 0.100, 0.075, 0.0, 0.97, 0.90),
    "specialist": Persona(0.130, 0.05, 0.010, 0.0, 0.420, 0.060, 0.105, 0.080, 0.0, 0.97, 0.92),
    "township": Persona(0.050, 0.02, 0.0, 0.03, 0.850, 0.055, 0.085, 0.510, 0.160, 0.95, 0.88),
    "village": Persona(0.0, 0.0, 0.0, 0.10, 0.700, 0.030, 0.080, 0.420, 0.120, 0.95, 0.86),
}


@dataclass(frozen=True)
class Size:
    """Targets of one size (spec 7, performance): encounters and charge lines over the four periods."""

    name: str
    encounters: int
    charge_lines: int
    secondary: int
    township: int
    village: int
    inpatient_factor: float


SIZES: dict[str, Size] = {
    "S": Size("S", 8_000, 100_000, 2, 4, 1, 1.0),
    "M": Size("M", 500_000, 5_000_000, 4, 10, 5, 0.80),
    "L": Size("L", 5_000_000, 50_000_000, 8, 30, 21, 1.13),
}

_LEAD = ("H01", "临江县人民医院", "Linjiang County People's Hospital", "canonical", 0.31)
_SECONDARY = (
    ("临江县中医医院", "Linjiang County Hospital of TCM", "general", "ruikang", 0.155),
    ("临江县妇幼保健院", "Linjiang County Maternal and Child Hospital", "specialist", "minhe", 0.125),
)
_TOWNSHIP = (
    ("城关社区卫生服务中心", "Chengguan Community Health Centre", "guojian", 0.13),
    ("清溪镇卫生院", "Qingxi Township Health Centre", "ruikang", 0.10),
    ("白石镇卫生院", "Baishi Township Health Centre", "yunhu", 0.085),
    ("柳河镇卫生院", "Liuhe Township Health Centre", "minhe", 0.075),
)
_VILLAGE = ("青山村卫生室", "Qingshan Village Clinic", "canonical", 0.02)


def members_of(size: str) -> tuple[Member, ...]:
    """Members of a size, in the order of docs/design.md; larger sizes repeat the lower rows with new ids."""
    shape = SIZES[size]
    rows: list[Member] = []

    def add(mid: str, zh: str, en: str, level: str, role: str, persona: str, vendor: str, fn: str, w: float) -> None:
        rows.append(Member(mid, zh, en, level, role, persona, vendor, fn, w, len(rows)))

    mid, zh, en, vendor, weight = _LEAD
    add(mid, zh, en, "tertiary", "lead", "tertiary", vendor, "牵头医院: 急危重症与疑难病", weight)
    for n in range(shape.secondary):
        zh, en, role, vendor, weight = _SECONDARY[n % 2]
        name = zh if n < 2 else f"{zh}{n // 2 + 1}院区"
        function = "中医与康复" if role == "general" else "妇女儿童"
        add(f"H{n + 2:02d}", name, en, "secondary", role, role, vendor, function, weight)
    for n in range(shape.township):
        zh, en, vendor, weight = _TOWNSHIP[n % 4]
        name = zh if n < 4 else f"{zh}{n // 4 + 1}分院"
        add(f"T{n + 1:02d}", name, en, "primary", "primary", "township", vendor, "基层首诊与慢病管理", weight)
    for n in range(shape.village):
        zh, en, vendor, weight = _VILLAGE
        name = zh if n == 0 else f"{zh}{n + 1}"
        add(f"V{n + 1:02d}", name, en, "village", "primary", "village", vendor, "村级首诊", weight)
    return tuple(rows)


def previous_period(period: str) -> str:
    """The month before, as YYYY-MM."""
    year, month = int(period[:4]), int(period[5:])
    return f"{year - (month == 1)}-{(month - 2) % 12 + 1:02d}"


def largest_remainder(total: int, shares: Sequence[float]) -> list[int]:
    """Split `total` into integers in proportion to `shares`; ties go to the earlier one."""
    raw = np.asarray(shares, dtype=float) / sum(shares) * total
    out = np.floor(raw).astype(int)
    order = np.argsort(-(raw - out), kind="stable")
    out[order[: total - int(out.sum())]] += 1
    return [int(v) for v in out]


_PERIOD_WEIGHT = {"2025-09": 0.975, "2025-10": 0.995, "2026-09": 1.005, "2026-10": 1.025}


def encounter_counts(size: str) -> dict[tuple[str, str], int]:
    """Encounters by (member_id, period): they sum to the size's target exactly."""
    members = members_of(size)
    per_period = largest_remainder(SIZES[size].encounters, [_PERIOD_WEIGHT[p] for p in PERIODS])
    counts: dict[tuple[str, str], int] = {}
    for period, total in zip(PERIODS, per_period, strict=True):
        split = largest_remainder(total, [m.weight for m in members])
        for member, n in zip(members, split, strict=True):
            counts[member.member_id, period] = n
    return counts


def intensity(member: Member, period: str) -> float:
    """Charges per case against 2025: 1.03 in 2026; H02 grows out of the yellow band (S2-RISK-32), T03 falls."""
    if period.startswith("2025"):
        return 1.0
    return {"H02": 1.13, "T03": 0.94}.get(member.member_id, 1.03)
