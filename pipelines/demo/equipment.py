"""Assets and their use.

Belongs here: the register, depreciation and maintenance of the month, hours of use. Depreciation of the register
adds up to the cost given, to the fen. Not here: booking it (ledger), settling shared use (together).
"""

from __future__ import annotations

import polars as pl

from pipelines.demo import places
from pipelines.demo.care_extracts import Month
from pipelines.demo.sizes import Member, largest_remainder
from pipelines.demo.world import World, first_day, length

MINUTES = {"ct": 20, "mri": 35, "xray": 8, "ultrasound": 15, "ecg": 8, "endoscopy": 30, "lab": 2}
UTILISATION = {
    "tertiary": {"ct": 0.75, "mri": 0.72, "xray": 0.66, "ultrasound": 0.78, "ecg": 0.62, "endoscopy": 0.7, "lab": 0.8},
    "secondary": {"ct": 0.48, "mri": 0.45, "xray": 0.52, "ultrasound": 0.63, "ecg": 0.5, "endoscopy": 0.5, "lab": 0.66},
    "primary": {"ct": 0.35, "mri": 0.3, "xray": 0.38, "ultrasound": 0.36, "ecg": 0.45, "endoscopy": 0.3, "lab": 0.5},
}
"""Hours used of hours available: S1-CASE-02, S1-CASE-04 (CT 75 % and 35 %, primary ultrasound idle 40 %)."""

# asset, class, modality, department codes in order of preference, share of depreciation, life in years
_KINDS = (
    ("64排CT", "imaging", "ct", ("2S320001",), 0.16, 8),
    ("1.5T磁共振", "imaging", "mri", ("2S320001",), 0.17, 8),
    ("数字X线摄影系统", "imaging", "xray", ("2S320001", "2S320501", "2S300001", "1O020001"), 0.05, 8),
    ("彩色多普勒超声诊断仪", "ultrasound", "ultrasound", ("2S320501", "2S300001"), 0.07, 6),
    ("十二导心电图机", "monitoring", "ecg", ("2S320501", "2S300001", "1O020001"), 0.01, 5),
    ("电子内镜系统", "surgical", "endoscopy", ("2S320501", "2S300001"), 0.04, 6),
    ("全自动生化分析仪", "lab", "lab", ("2S300001",), 0.07, 6),
    ("手术麻醉工作站", "surgical", "none", ("2S260001",), 0.07, 8),
    ("医院信息系统服务器", "it", "none", ("4N000004", "4N000001", "1O020001"), 0.04, 5),
    ("救护车", "vehicle", "none", ("1O200001", "1O020001"), 0.02, 8),
)
_ABSENT = {"township": ("ct", "mri", "endoscopy"), "village": ("ct", "mri", "endoscopy", "xray", "ultrasound", "lab"),
           "specialist": ("ct", "mri")}  # fmt: skip


def uses_of(world: World, cut: Month) -> pl.DataFrame:
    """Examinations of the month by modality and day: uses."""
    listed = world.catalogue.listed
    modality = pl.DataFrame(
        {
            "item": pl.Series([i.index for i in listed], dtype=pl.Int32),
            "modality": ["lab" if i.charge_class == "lab" else i.modality for i in listed],
        }
    ).filter(pl.col("modality") != "none")
    return (
        cut.lines.join(modality, on="item", how="inner")
        .with_columns((pl.col("minute") // 1440).alias("day"))
        .group_by("modality", "day")
        .agg(pl.col("quantity").sum().alias("uses"))
        .sort("modality", "day")
    )


def register(member: Member, depreciation: int, hours: dict[str, float], year: int) -> pl.DataFrame:
    """The `assets` extract.

    Args:
        member: owner.
        depreciation: of the month in all, fen.
        hours: usual hours of use a month by modality; decides the available hours.
        year: of the period.
    """
    rows = places.places(member)
    codes = {p.code for p in rows}
    absent = _ABSENT.get(member.persona, ())
    kinds = [k for k in _KINDS if k[2] not in absent and any(c in codes for c in k[3])]
    left = 1.0 - sum(k[4] for k in kinds)
    table = [
        (name, cls, modality, next(c for c in where if c in codes), share, life)
        for name, cls, modality, where, share, life in kinds
    ]
    table += [(f"{p.name}用房", "building", "none", p.code, left * p.area, 50) for p in rows]
    amounts = largest_remainder(depreciation, [t[4] for t in table])
    level = member.level if member.level in UTILISATION else "primary"
    out = []
    for n, ((name, cls, modality, dept, _, life), amount) in enumerate(zip(table, amounts, strict=True), 1):
        used = hours.get(modality, 0.0)
        available = max(8.0, round(used / UTILISATION[level][modality], 0)) if modality in MINUTES else 240.0
        is_building = cls == "building"
        out.append(
            {
                "asset_id": f"{member.member_id}A{n:04d}",
                "asset_name": name,
                "asset_class": cls,
                "modality": modality,
                "dept_code": dept,
                "original_cost": amount * 12 * life,
                "monthly_depreciation": amount,
                "monthly_maintenance": 0 if is_building else amount * 12 // 100,
                "in_service_on": f"{(2004 if is_building else year - 3 - n % 3)}-{1 + n % 12:02d}-01",
                "is_shared": member.role == "lead" and modality in ("ct", "mri", "lab"),
                "available_hours": available,
            }
        )
    return pl.DataFrame(out).with_columns(pl.col("in_service_on").str.to_date())


def hours_of(uses: pl.DataFrame) -> dict[str, float]:
    """Hours of use by modality."""
    sums = uses.group_by("modality").agg(pl.col("uses").sum())
    return {m: n * MINUTES[m] / 60 for m, n in sums.iter_rows()}


def equipment_use(member: Member, period: str, assets: pl.DataFrame, uses: pl.DataFrame) -> pl.DataFrame:
    """Own use of the month, one row per asset and day (shared use is added by `together`)."""
    machine = (
        assets.filter(pl.col("modality") != "none").unique("modality", keep="first").select("asset_id", "modality")
    )
    _ = first_day(period), length(period)
    return (
        uses.join(machine, on="modality", how="inner")
        .sort("asset_id", "day")
        .with_row_index("n", 1)
        .select(
            (pl.lit(f"{member.member_id}{period[2:4]}{period[5:]}U") + pl.col("n").cast(pl.String).str.zfill(5)).alias(
                "use_id"
            ),
            "asset_id",
            pl.col("day").cast(pl.Int32).cast(pl.Date).alias("used_on"),
            pl.lit(member.member_id).alias("using_member_id"),
            pl.lit(None, dtype=pl.String).alias("encounter_id"),
            "uses",
            (pl.col("uses") * pl.col("modality").replace_strict(MINUTES, return_dtype=pl.Int64)).alias("minutes"),
        )
    )
