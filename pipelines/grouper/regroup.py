"""What delivered DRG codes are held against: the same cases grouped again, as coded and with one thing changed.

Belongs here: which variants of a case are grouped, and the answer as a table. Does not belong here: what the difference
costs and whether it is a violation (models of risk: R20, R21, R22, S2-RISK-16).
"""

from __future__ import annotations

import polars as pl

from pipelines.grouper.group import group
from pipelines.grouper.tables import GroupingTables

AS_CODED = "as_coded"
SUPPORTED = "supported"
UNOPERATED = "unoperated"
SWAPPED = "swapped"

REGROUPED: dict[str, pl.DataType] = {
    "member_id": pl.String(),
    "encounter_id": pl.String(),
    "variant": pl.String(),
    "principal": pl.String(),
    "mdc_code": pl.String(),
    "adrg_code": pl.String(),
    "drg_code": pl.String(),
    "drg_name": pl.String(),
    "complication": pl.String(),
    "reason": pl.String(),
}
"""Columns of what `regroup` returns. `variant`: as_coded; supported (without the complications that nothing charged
supports); unoperated (without any procedure); swapped (a secondary diagnosis as the principal one, once for each)."""

_KEY = ["member_id", "encounter_id"]


def regroup(
    tables: GroupingTables | None, cases: pl.DataFrame, diagnoses: pl.DataFrame, procedures: pl.DataFrame
) -> pl.DataFrame:
    """Groups settled stays again.

    Args:
        tables: None where no tables are set: nothing is known then.
        cases: member_id, encounter_id, principal, sex, age_years, age_days, birth_weight, is_cheap (cost far below what
            the group is paid: only of such cases other principal diagnoses are tried).
        diagnoses: member_id, encounter_id, code, is_unsupported: secondary diagnoses.
        procedures: member_id, encounter_id, code, the main one first.

    Returns:
        One row per case and variant (REGROUPED), ordered; a variant is left out where it changes nothing coded.
    """
    if tables is None or not cases.height:
        return pl.DataFrame(schema=REGROUPED)
    plain = cases.drop("is_cheap")
    doubted = plain.join(diagnoses.filter(pl.col("is_unsupported")).select(_KEY).unique(), on=_KEY, how="semi")
    operated = plain.join(procedures.select(_KEY).unique(), on=_KEY, how="semi")
    swapped = (
        cases.filter("is_cheap")
        .drop("principal")
        .join(diagnoses.select(*_KEY, pl.col("code").alias("principal")).unique(maintain_order=True), on=_KEY)
    )
    variants = {
        AS_CODED: (plain, diagnoses, procedures),
        SUPPORTED: (doubted, diagnoses.filter(~pl.col("is_unsupported")), procedures),
        UNOPERATED: (operated, diagnoses, procedures.clear()),
        SWAPPED: (swapped.drop("is_cheap"), _with_principal(diagnoses, cases), procedures),
    }
    parts = [_grouped(tables, name, *inputs) for name, inputs in variants.items() if inputs[0].height]
    return pl.concat(parts).sort(*_KEY, "variant", "principal")


def _with_principal(diagnoses: pl.DataFrame, cases: pl.DataFrame) -> pl.DataFrame:
    """All diagnoses of a case; the one that takes the principal's place is left out by the grouper."""
    coded = cases.select(*_KEY, pl.col("principal").alias("code")).drop_nulls("code")
    return pl.concat([diagnoses.select(*_KEY, "code"), coded])


def _grouped(
    tables: GroupingTables, variant: str, cases: pl.DataFrame, diagnoses: pl.DataFrame, procedures: pl.DataFrame
) -> pl.DataFrame:
    numbered = cases.with_row_index("case_id").with_columns(pl.col("case_id").cast(pl.String))
    ids = numbered.select("case_id", *_KEY)
    coded = [
        rows.join(ids, on=_KEY, maintain_order="left").select("case_id", "code") for rows in (diagnoses, procedures)
    ]
    found = group(tables, numbered, *coded).drop("case_id")
    return (
        pl.concat([numbered.select(*_KEY, "principal"), found], how="horizontal")
        .with_columns(variant=pl.lit(variant))
        .select(*REGROUPED)
    )
