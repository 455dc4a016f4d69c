"""The care extracts of one member and period, from the cases of this month and of the month before.

Belongs here: what a hospital knows at a month's end: open stays without an end, settlements of closed ones, nightly
census. Not here: drawing cases (care), the ledger that has to agree with it (ledger).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.demo import clinical, places
from pipelines.demo.care import Care
from pipelines.demo.people import Ints, uniform
from pipelines.demo.sizes import FOCUS, Member
from pipelines.demo.world import World, first_day, last_day

FUND_SHARE = {"employee": 0.80, "resident": 0.66}
MINIMALLY_INVASIVE = ("腹腔镜", "内镜", "经尿道", "经皮")


@dataclass
class Month:
    """Cases touched and lines charged in one period, with everything a month end leaves open."""

    cases: pl.DataFrame
    lines: pl.DataFrame


def moment(minute: str) -> pl.Expr:
    """Minutes since 1970-01-01 as a timestamp."""
    return (pl.col(minute) * 60_000_000).cast(pl.Datetime("us"))


def day(minute: str) -> pl.Expr:
    """Minutes since 1970-01-01 as a date."""
    return (pl.col(minute) // 1440).cast(pl.Int32).cast(pl.Date)


def month(current: Care, before: Care | None) -> Month:
    """Cut the cases at the month's end.

    Args:
        current: cases begun this month.
        before: cases begun the month before; those still open on the first day are carried on.
    """
    start, end = first_day(current.period) * 1440, (last_day(current.period) + 1) * 1440
    parts, lines = [], []
    shift = 0
    for care in (before, current):
        if care is None:
            continue
        cases = care.cases.with_row_index("row").with_columns(pl.col("row").cast(pl.Int32))
        rows = care.lines.with_row_index("serial", 1).with_columns(
            (
                pl.lit(f"{care.member.member_id}{care.period[2:4]}{care.period[5:]}C")
                + pl.col("serial").cast(pl.String).str.zfill(8)
            ).alias("charge_id")
        )
        if care is before:
            cases = cases.filter(pl.col("end") >= start)
            rows = rows.filter(pl.col("minute") >= start)
        kept = rows.filter(pl.col("minute") < end).with_columns(pl.col("case") + shift)
        parts.append(cases.with_columns(pl.col("row") + shift))
        lines.append(kept)
        shift += care.cases.height
    cases = pl.concat(parts).with_columns((pl.col("end") < end).alias("is_closed"))
    return Month(cases, pl.concat(lines))


def encounters(member: Member, cut: Month) -> pl.DataFrame:
    """The `encounters` extract."""
    places_of = [p.code for p in places.places(member)]
    closed = pl.col("is_closed")
    stay = pl.col("encounter_type").is_in(["inpatient", "day_surgery"])
    u = pl.Series("u", uniform(cut.cases["person"].to_numpy(), 71))
    newborn = (pl.col("age_years") == 0) & pl.col("primary_diagnosis").str.starts_with("P")
    path = pl.col("drg_code").is_in(["KS19", "ES29", "GD29", "HC39", "FR39", "OB19", "BR29", "ET29"])
    return cut.cases.with_columns(u).select(
        "encounter_id",
        "patient_id",
        "encounter_type",
        pl.when(pl.col("u") > 0.9985)
        .then(pl.lit("U"))
        .when("male")
        .then(pl.lit("M"))
        .otherwise(pl.lit("F"))
        .alias("sex"),
        "age_years",
        pl.when(newborn).then(1 + pl.col("person") % 20).alias("age_days"),
        pl.when(newborn).then(2_600 + pl.col("person") * 37 % 1_300).alias("birth_weight"),
        "payer",
        "is_local_resident",
        pl.col("dept").replace_strict(dict(enumerate(places_of)), return_dtype=pl.String).alias("dept_code"),
        "doctor_id",
        moment("start").alias("started_at"),
        pl.when(closed).then(moment("end")).alias("ended_at"),
        "primary_diagnosis",
        "primary_procedure",
        pl.when(closed).then("disposition").alias("disposition"),
        "admission_kind",
        pl.when(path & (pl.col("u") < 0.45))
        .then(pl.lit("标准路径"))
        .when(path & (pl.col("u") < 0.7))
        .then(pl.lit("基层协同路径"))
        .alias("care_path"),
        pl.when(stay & closed).then((pl.col("u") > 0.12) & (pl.col("u") < 0.142)).alias("has_complication"),
        pl.when(stay & closed).then((pl.col("u") > 0.21) & (pl.col("u") < 0.216)).alias("hospital_infection"),
        pl.when(stay).then("is_planned_readmission").alias("is_planned_readmission"),
        pl.lit(None, dtype=pl.Int64).alias("reported_cost"),
    )


def diagnoses(world: World, cut: Month) -> pl.DataFrame:
    """The `diagnoses` extract: front pages of stays. A graded group has what its grade says (R20)."""
    stays = cut.cases.filter(pl.col("encounter_type").is_in(["inpatient", "day_surgery"]))
    person = stays["person"].to_numpy()
    rows = [stays.select("encounter_id", pl.lit(1).alias("seq"), pl.col("primary_diagnosis").alias("icd10"))]
    severity = pl.col("drg_code").str.slice(3, 1)
    chosen = {
        salt: pl.Series(f"s{salt}", np.array(options, dtype=object)[(uniform(person, salt) * len(options)).astype(int)])
        if len(person)
        else pl.Series(f"s{salt}", [], dtype=pl.String)
        for salt, options in ((72, clinical.SECONDARY_PLAIN), (73, clinical.SECONDARY_CC))
    }
    frame = stays.with_columns(
        *[s.cast(pl.String) for s in chosen.values()], pl.Series("u", uniform(person, 74)), severity.alias("severity")
    )
    second = (
        pl.when(pl.col("primary_diagnosis").str.starts_with("Z51.1"))
        .then(pl.lit(clinical.TUMOUR_OF_CHEMO))
        .when(pl.col("planted_secondary") == "none")
        .then(None)
        .when(pl.col("planted_secondary") == "unshown")
        .then(pl.lit("J96.000"))
        .when(pl.col("severity").is_in(["1", "3"]))
        .then("s73")
        .when((pl.col("u") < 0.55) & (pl.col("age_years") >= 35) & ~pl.col("primary_diagnosis").str.starts_with("O"))
        .then("s72")
    )
    more = frame.select("encounter_id", pl.lit(2).alias("seq"), second.alias("icd10"), "primary_diagnosis").filter(
        pl.col("icd10").is_not_null() & (pl.col("icd10") != pl.col("primary_diagnosis"))
    )
    rows.append(more.drop("primary_diagnosis"))
    return (
        pl.concat(rows)
        .with_columns((pl.col("icd10") != "K21.001").alias("present_on_admission"))
        .sort("encounter_id", "seq")
    )


def procedures(world: World, cut: Month) -> pl.DataFrame:
    """The `procedures` extract."""
    names = {row["code"]: row["name"] for row in world.procedure_names}
    grades = {code: clinical.grade_of_operation(g) for code, g in world.catalogue.groups.items()}
    done = cut.cases.filter(pl.col("primary_procedure").is_not_null())
    gentle = [c for c, n in names.items() if any(word in n for word in MINIMALLY_INVASIVE)]
    return done.select(
        "encounter_id",
        pl.lit(1).alias("seq"),
        pl.col("primary_procedure").alias("icd9cm3"),
        (pl.col("start") // 1440 + pl.col("operation_day").clip(0)).cast(pl.Int32).cast(pl.Date).alias("performed_on"),
        pl.col("doctor_id").alias("operator_id"),
        pl.col("drg_code").replace_strict(grades, return_dtype=pl.Int64).alias("surgery_level"),
        pl.col("primary_procedure").is_in(gentle).alias("is_minimally_invasive"),
    )


def charge_lines(world: World, member: Member, cut: Month) -> pl.DataFrame:
    """The `charge_lines` extract."""
    listed = world.catalogue.listed
    items = pl.DataFrame(
        {
            "item": pl.Series(range(len(listed)), dtype=pl.Int32),
            "item_code": [i.code for i in listed],
            "charge_class": [i.charge_class for i in listed],
            "in_insurance_catalog": [i.in_catalog for i in listed],
        }
    )
    names = dict(enumerate(i.name for i in listed))
    codes = dict(enumerate(p.code for p in places.places(member)))
    case = cut.cases.select(pl.col("row").alias("case"), "encounter_id", "doctor_id")
    return (
        cut.lines.join(items, on="item", how="left", maintain_order="left")
        .join(case, on="case", how="left", maintain_order="left")
        .select(
            "charge_id",
            "encounter_id",
            moment("minute").alias("charged_at"),
            "item_code",
            pl.col("named").replace_strict(names, return_dtype=pl.String).alias("item_name"),
            "charge_class",
            "quantity",
            pl.col("price").alias("unit_price"),
            "amount",
            pl.col("ordering").replace_strict(codes, return_dtype=pl.String).alias("ordering_dept"),
            pl.col("executing").replace_strict(codes, return_dtype=pl.String).alias("executing_dept"),
            "doctor_id",
            pl.col("in_insurance_catalog") | pl.col("as_insured"),
        )
    )


def settlements(world: World, current: Care, before: Care | None, cut: Month, *, known_until: int) -> pl.DataFrame:
    """The `settlements` extract: insured cases closed in the period, with what is known of payment by a day.

    fund_paid + patient_paid + denied_amount is total_charge, and that is the sum of the case's charge lines.
    """
    totals = []
    shift = 0
    for care in (before, current):
        if care is None:
            continue
        totals.append(care.lines.group_by("case").agg(pl.col("amount").sum()).with_columns(pl.col("case") + shift))
        shift += care.cases.height
    sums = pl.concat(totals)
    member, period = current.member, current.period
    closed = cut.cases.filter(pl.col("is_closed") & pl.col("payer").is_in(["employee", "resident"]))
    frame = closed.join(sums, left_on="row", right_on="case", how="left").with_columns(pl.col("amount").fill_null(0))
    person = frame["person"].to_numpy()
    total = frame["amount"].to_numpy()
    stay = frame["encounter_type"].is_in(["inpatient", "day_surgery"]).to_numpy()
    base = np.where(frame["payer"].to_numpy() == "employee", FUND_SHARE["employee"], FUND_SHARE["resident"])
    share = base + (0.08 if member.level in ("primary", "village") else 0.0) - np.where(stay, 0.0, 0.14)
    share = share + (uniform(person, 75) - 0.5) * 0.06
    fund = np.floor(total * share).astype(np.int64)
    refused_share = 0.016 if period in FOCUS else 0.024
    refused = (uniform(person, 76) < refused_share) & stay
    denied = np.where(refused, np.floor(fund * (0.03 + 0.05 * uniform(person, 77))).astype(np.int64), 0)
    claimed: Ints = frame["end"].to_numpy() // 1440
    settled = claimed + 5 + (uniform(person, 78) * 8).astype(np.int64)
    slow = {"tertiary": 14, "secondary": 16, "primary": 24, "village": 30}[member.level]
    paid = claimed + slow + (uniform(person, 79) * 12).astype(np.int64)
    reasons = dict(enumerate(("超限定支付范围", "检查无指征", "重复收费", "病历书写缺陷")))
    return frame.select(
        pl.col("encounter_id").str.replace(r"(\d{4})([A-Z])", "${1}S${2}").alias("settlement_id"),
        "encounter_id",
        "drg_code",
        pl.Series("claimed_on", claimed.astype(np.int32)).cast(pl.Date),
        pl.Series("settled_on", settled.astype(np.int32)).cast(pl.Date),
        pl.Series("paid_on", paid.astype(np.int32)).cast(pl.Date),
        pl.Series("total_charge", total),
        pl.Series("fund_paid", fund - denied),
        pl.Series("patient_paid", total - fund),
        pl.Series("denied_amount", denied),
        pl.when(pl.lit(pl.Series(denied > 0)))
        .then((pl.col("person") % 4).replace_strict(reasons, return_dtype=pl.String))
        .alias("denial_reason"),
        pl.when(pl.col("drg_code").is_not_null()).then(pl.lit(f"{member.member_id}-C001")).alias("coder_id"),
    ).with_columns(
        [
            pl.when(pl.col(c) <= pl.lit(known_until, dtype=pl.Int32).cast(pl.Date)).then(pl.col(c)).alias(c)
            for c in ("settled_on", "paid_on")
        ]
    )


def prescriptions(world: World, cut: Month) -> pl.DataFrame:
    """The `prescriptions` extract: drugs of visits, and of stays the drugs whose days are limited (R53)."""
    listed = world.catalogue.listed
    length = {
        (k, world.catalogue.item(code).index): n
        for k, visit in enumerate(clinical.VISITS)
        for code, _, _, n in visit.drugs
    }
    table = pl.DataFrame(
        {"kind": [k for k, _ in length], "item": [i for _, i in length], "days": list(length.values())},
        schema={"kind": pl.Int64, "item": pl.Int32, "days": pl.Int64},
    )
    case = cut.cases.select(pl.col("row").alias("case"), "kind", "encounter_id", "doctor_id", "person")
    drugs = [i.index for i in listed if i.charge_class == "drug"]
    limited = [i.index for i in listed if i.max_days is not None]
    lines = cut.lines.filter(pl.col("item").is_in(drugs)).join(case, on="case", how="left", maintain_order="left")
    visit = (
        lines.filter(pl.col("kind") >= 0)
        .drop("days")
        .join(table, on=["kind", "item"], how="inner", maintain_order="left")
    )
    stay = (
        lines.filter((pl.col("kind") < 0) & pl.col("item").is_in(limited))
        .group_by("case", "item", "encounter_id", "doctor_id", "person", maintain_order=True)
        .agg(
            pl.col("quantity").sum(),
            pl.col("minute").min(),
            pl.when(pl.col("days").max() > 0)
            .then(pl.col("days").max().cast(pl.Int64))
            .otherwise((pl.col("minute") // 1440).n_unique().cast(pl.Int64))
            .alias("days"),
        )
    )
    columns = ["case", "encounter_id", "minute", "item", "quantity", "days", "doctor_id", "person"]
    frame = pl.concat([visit.select(columns), stay.select(columns)])
    frame = frame.with_columns(pl.int_range(pl.len()).over("encounter_id").alias("line_no") + 1)
    turn = pl.lit(pl.Series("turn", uniform(frame["person"].to_numpy() * 31 + frame["item"].to_numpy(), 81)))
    return frame.select(
        (pl.lit("RX") + pl.col("encounter_id")).alias("prescription_id"),
        "line_no",
        "encounter_id",
        day("minute").alias("prescribed_on"),
        pl.col("item").replace_strict({i.index: i.code for i in listed}, return_dtype=pl.String).alias("drug_code"),
        "quantity",
        "days",
        "doctor_id",
        pl.when(turn < 0.7)
        .then(pl.lit("system"))
        .when(turn < 0.92)
        .then(pl.lit("pharmacist"))
        .otherwise(pl.lit("none"))
        .alias("review"),
        pl.when(turn < 0.9).then(pl.lit("pass")).when(turn < 0.92).then(pl.lit("warn")).alias("review_result"),
    )


def nights(member: Member, period: str, cut: Month) -> pl.DataFrame:
    """The `bed_days` extract: one row per patient and night of the period."""
    rows = places.places(member)
    wards = {i: p.code for i, p in enumerate(rows)}
    critical = next((p.code for p in rows if p.code == "1I280001"), None)
    first, last = first_day(period), last_day(period)
    stays = cut.cases.filter(pl.col("encounter_type") == "inpatient").with_columns(
        (pl.col("start") // 1440).alias("from"), (pl.col("end") // 1440).alias("to")
    )
    span = stays.with_columns(
        pl.max_horizontal("from", pl.lit(first)).alias("a"), pl.min_horizontal("to", pl.lit(last + 1)).alias("b")
    ).filter(pl.col("b") > pl.col("a"))
    frame = span.with_columns(pl.int_ranges("a", "b").alias("night")).explode("night")
    intensive = pl.col("is_critical") & (pl.col("night") - pl.col("from") < 2)
    rehab = pl.col("drg_code").fill_null("").str.starts_with("XR")
    ward = pl.col("dept").replace_strict(wards, return_dtype=pl.String)
    return frame.select(
        "encounter_id",
        pl.col("night").cast(pl.Int32).cast(pl.Date).alias("census_date"),
        pl.when(intensive)
        .then(pl.lit("critical"))
        .when(rehab)
        .then(pl.lit("rehab"))
        .otherwise(pl.lit("general"))
        .alias("bed_tier"),
        (pl.when(intensive).then(pl.lit(critical)).otherwise(ward) if critical else ward).alias("dept_code"),
    )
