"""Budgets, surveys, training, inspections, notes and what members report themselves.

Belongs here: the extracts that rest on nothing else than who works where. Not here: the rules they are judged by.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.demo import places
from pipelines.demo.care_extracts import Month, moment
from pipelines.demo.journal import Journal
from pipelines.demo.people import as_dates, mix, uniform
from pipelines.demo.sizes import Member
from pipelines.demo.staff import Person
from pipelines.demo.world import World, first_day, short

# budget category -> what of the ledger it pays for, and how far the plan lay from what was spent
_DETAIL = {"labour": "01", "drug": "03", "consumable": "02"}
_LUCK = {("T02", "drug"): 0.87, ("H03", "consumable"): 0.80, ("H02", "drug"): 0.91, ("T04", "labour"): 1.12}
NOTES_SHARE = {"S": 1.0, "M": 0.04, "L": 0.01}


def budgets(member: Member, period: str, journal: Journal, labour: int) -> pl.DataFrame:
    """The `budgets` extract: the lines of the month, close to what was spent, with some that were too low."""
    rows = places.places(member)
    totals = {"labour": labour}
    for (account, _, _), (debit, credit) in journal.moves.items():
        if account[:4] in ("5001", "5101") and len(account) >= 8:
            for category, detail in _DETAIL.items():
                if account[6:8] == detail and category != "labour":
                    totals[category] = totals.get(category, 0) + max(debit, credit)
            if account[6:10] == "0706":
                totals["training"] = totals.get("training", 0) + max(debit, credit)
            elif account[6:10] in ("0707", "0705"):
                totals["office"] = totals.get("office", 0) + max(debit, credit)
            elif account[6:8] == "07":
                totals["other"] = totals.get("other", 0) + max(debit, credit)
        if account == "160102":
            totals["equipment"] = totals.get("equipment", 0) + debit
        if account.startswith("500105"):
            totals["public_health"] = totals.get("public_health", 0) + max(debit, credit)
        if account.startswith("500103"):
            totals["research_teaching"] = totals.get("research_teaching", 0) + max(debit, credit)
    year, month = int(period[:4]), int(period[5:])
    approved = first_day(f"{year}-09") - 230
    out: list[tuple[str, int, int, str | None, str, bool, int, int, int]] = []
    for category, amount in sorted(totals.items()):
        noise = 1.0 + (uniform(np.array([member.serial * 53 + len(category)]), 131)[0] - 0.4) * 0.08
        planned = round(amount * _LUCK.get((member.member_id, category), noise) / 10_000) * 10_000
        key = max((p for p in rows if p.is_key), key=lambda p: p.heads, default=None)
        share = planned * 18 // 100 if key is not None and category in ("labour", "equipment", "consumable") else 0
        line = f"BG{short(period)}{member.member_id}{category[:6].upper()}"
        if key is not None and share:
            out.append((line + "K", year, month, key.code, category, True, share, 1, approved))
        out.append((line, year, month, None, category, False, max(planned - share, 10_000), 1, approved))
    columns = ["budget_line_id", "fiscal_year", "month", "dept_code", "budget_category", "is_key_discipline", "amount",
               "version", "approved_on"]  # fmt: skip
    frame = pl.DataFrame(out, schema=columns, orient="row", schema_overrides={"dept_code": pl.String})
    return frame.with_columns(as_dates(frame["approved_on"].to_numpy(), "approved_on"))


def surveys(member: Member, period: str) -> pl.DataFrame:
    """The `surveys` extract: patients by clinical department, staff once."""
    out: list[tuple[str, int, str | None, str, float, int, int]] = []
    base = {"tertiary": 90.5, "general": 91.5, "specialist": 93.0, "township": 91.0, "village": 94.0}[member.persona]
    drawn = mix(np.arange(60) + member.serial * 100 + int(period[2:4]) * 7, 141)
    for n, place in enumerate(p for p in places.places(member) if p.dept_class == "clinical"):
        score = round(base + (int(drawn[n]) % 50) / 10 - 2.5, 1)
        code = None if member.is_total_only else place.code
        out.append(
            (
                f"SV{short(period)}{member.member_id}{n + 1:03d}",
                first_day(period) + 24,
                code,
                "patient",
                min(score, 100.0),
                20 + int(drawn[n]) % 60,
                int(drawn[n]) % 7 // 5,
            )
        )
    out.append(
        (
            f"SV{short(period)}{member.member_id}900",
            first_day(period) + 25,
            None,
            "staff",
            round(base - 3.0, 1),
            12 + member.serial,
            0,
        )
    )
    columns = ["survey_id", "surveyed_on", "dept_code", "audience", "score", "respondents", "complaints"]
    frame = pl.DataFrame(out, schema=columns, orient="row", schema_overrides={"dept_code": pl.String})
    return frame.with_columns(as_dates(frame["surveyed_on"].to_numpy(), "surveyed_on"))


def insurer_training(member: Member, period: str, people: list[Person]) -> pl.DataFrame:
    """The `insurer_training` extract: clinical staff, about 96 in a hundred, nearly all pass (S2-RISK-02, -03)."""
    rows = places.places(member)
    clinical = [p for p in people if rows[p.dept].dept_class == "clinical"]
    drawn = uniform(np.arange(len(clinical), dtype=np.int64) + member.serial * 1_000 + int(period[5:]), 151)
    here = [
        (p, float(u)) for p, u in zip(clinical, drawn, strict=True) if u < (0.90 if member.member_id == "T03" else 0.97)
    ]
    return pl.DataFrame(
        {
            "person_id": [p.person_id for p, _ in here],
            "held_on": as_dates(np.full(len(here), first_day(period) + 11), "d"),
            "topic": ["医保基金使用监督管理条例与DRG编码"] * len(here),
            "dept_code": [rows[p.dept].code for p, _ in here],
            "hours": [2] * len(here),
            "is_passed": [u < 0.91 for _, u in here],
        }
    )


def inspections(member: Member, period: str, cut: Month) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The `inspections`, `rectifications` and `appeals` extracts."""
    if member.level == "village" or period.startswith("2025"):
        return pl.DataFrame(), pl.DataFrame(), pl.DataFrame()
    rows = [p for p in places.places(member) if p.dept_class == "clinical"]
    cases = cut.cases.filter(pl.col("is_closed"))["encounter_id"].head(400).to_list()
    kinds = (
        ("insurer", "R31", 86_000, "minor"),
        ("self", "R32", 12_500, "minor"),
        ("unannounced", "R04", 412_000, "major"),
    )
    n = 3 if member.member_id in ("H01", "T02") else 1
    mid, first = member.member_id, first_day(period)
    found = [
        (f"IN{short(period)}{mid}{k + 1:02d}", kinds[k][0], first + 5 + 6 * k, rows[k % len(rows)].code, kinds[k][1],
         cases[(k * 37) % len(cases)], kinds[k][2], kinds[k][3], k != 2)
        for k in range(n)
    ]  # fmt: skip
    frame = pl.DataFrame(
        found,
        schema=[
            "finding_id",
            "source",
            "found_on",
            "dept_code",
            "rule_code",
            "encounter_id",
            "amount",
            "severity",
            "is_responsible_handled",
        ],
        orient="row",
    ).with_columns(pl.Series("found_on", [r[2] for r in found], dtype=pl.Int32).cast(pl.Date))
    fixes = pl.DataFrame(
        [(r[0], r[2] + 15, r[2] + 9 if k != 2 else None, "退回违规金额并组织科室培训") for k, r in enumerate(found)],
        schema={"finding_id": pl.String, "due_on": pl.Int32, "completed_on": pl.Int32, "measure": pl.String},
        orient="row",
    ).with_columns(pl.col("due_on", "completed_on").cast(pl.Date))  # fmt: skip
    if mid != "H01":
        return frame, fixes, pl.DataFrame()
    appeals = pl.DataFrame(
        [(f"AP{short(period)}{mid}01", "finding", found[0][0], first + 12, 0.0, "upheld", first + 20, 430.0),
         (f"AP{short(period)}{mid}02", "kpi", f"{period}:department:{rows[0].code}:S1-PERF-08", first + 14, 0.21,
          "open", None, None)],
        schema={"appeal_id": pl.String, "subject": pl.String, "subject_key": pl.String, "submitted_on": pl.Int32,
                "requested_value": pl.Float64, "status": pl.String, "decided_on": pl.Int32,
                "decided_value": pl.Float64},
        orient="row",
    ).with_columns(pl.col("submitted_on", "decided_on").cast(pl.Date))  # fmt: skip
    return frame, fixes, appeals


_REPORTED = (("S2-RISK-04", 2, 1), ("S2-RISK-05", 12, 12), ("S2-RISK-06", 38, 40), ("S2-RISK-07", 6, 1),
             ("S2-RISK-10", 12, 12), ("S2-RISK-30", 2, 1), ("S2-RISK-31", 8, 10), ("S1-PERF-07", 62, 100))  # fmt: skip


def reported_indicators(member: Member) -> pl.DataFrame:
    """The `reported_indicators` extract: what no other extract yields."""
    if member.level == "village":
        return pl.DataFrame()
    weak = 1 if member.member_id in ("T03", "T04") else 0
    rows = [(code, "*", max(n - weak, 0), d, round(max(n - weak, 0) / d, 6)) for code, n, d in _REPORTED]
    return pl.DataFrame(rows, schema=["indicator_code", "dept_code", "numerator", "denominator", "value"], orient="row")


def clinical_notes(world: World, period: str, cut: Month) -> pl.DataFrame:
    """The `clinical_notes` extract of stays: what must be scrubbed stands in some of them."""
    stays = cut.cases.filter(
        (pl.col("encounter_type") == "inpatient") & pl.col("encounter_id").str.contains(short(period))
    )
    keep = uniform(stays["person"].to_numpy(), 161) < NOTES_SHARE[world.size.name]
    stays = stays.filter(pl.Series(keep))
    if not stays.height:
        return pl.DataFrame()
    name = pl.col("primary_diagnosis").replace_strict(world.catalogue.icd_names, default="疾病", return_dtype=pl.String)
    phone, number = pl.lit(",家属联系电话13900001234"), pl.lit(",身份证号") + pl.col("patient_id")
    contact = pl.when(pl.col("person") % 9 == 0).then(phone).when(pl.col("person") % 11 == 0).then(number)
    age, days = pl.col("age_years").cast(pl.String), pl.col("los").cast(pl.String)
    told = [pl.lit("患者因"), name, pl.lit("收住院,年龄"), age, pl.lit("岁"), contact.otherwise(pl.lit(""))]
    first = stays.select(
        (pl.lit("N1") + pl.col("encounter_id")).alias("note_id"),
        "encounter_id",
        pl.lit("admission").alias("note_type"),
        moment("start").alias("written_at"),
        pl.concat_str([*told, pl.lit("。入院后完善相关检查。")]).alias("text"),
    )
    course = [pl.lit("诊断"), name, pl.lit(",住院"), days, pl.lit("天,病情好转出院,嘱定期复查。")]
    last = stays.filter("is_closed").select(
        (pl.lit("N2") + pl.col("encounter_id")).alias("note_id"),
        "encounter_id",
        pl.lit("discharge").alias("note_type"),
        moment("end").alias("written_at"),
        pl.concat_str(course).alias("text"),
    )
    return pl.concat([first, last])


def frames(
    world: World, member: Member, period: str, cut: Month, people: list[Person], journal: Journal, labour: int
) -> dict[str, pl.DataFrame]:
    """The extracts of this module that a member delivers."""
    found, fixes, appeals = inspections(member, period, cut)
    out = {
        "budgets": budgets(member, period, journal, labour),
        "surveys": surveys(member, period),
        "insurer_training": insurer_training(member, period, people),
        "inspections": found,
        "rectifications": fixes,
        "appeals": appeals,
        "reported_indicators": reported_indicators(member),
        "clinical_notes": clinical_notes(world, period, cut),
    }
    return {name: frame for name, frame in out.items() if frame.height}
