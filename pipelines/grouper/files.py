"""Cases in a file: one row a case, as a table that anybody can write, and the groups beside it.

Belongs here: the layout of such a file. Does not belong here: grouping (group), deliveries of members.

Columns: case_id, sex (F, M), age_years, diagnoses (codes separated by |, the principal one first), procedures (the
same, the main one first; may be empty), and where known age_days and birth_weight in grams. CSV (UTF-8) or Parquet.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.grouper.group import group
from pipelines.grouper.tables import GroupingTables

NEEDED = ("case_id", "sex", "age_years", "diagnoses", "procedures")


class CasesError(RuntimeError):
    """The file of cases can't be read; the text names it and what is missing."""


def group_file(tables: GroupingTables, path: Path) -> pl.DataFrame:
    """The cases of a file with the columns of a grouping result beside them.

    Raises:
        CasesError: a column is missing, a case stands twice, or an age is no number.
    """
    is_parquet = path.suffix.lower() == ".parquet"
    cases = pl.read_parquet(path) if is_parquet else pl.read_csv(path, infer_schema=False)
    missing = [column for column in NEEDED if column not in cases.columns]
    if missing:
        raise CasesError(f"{path.name}: column {', '.join(missing)} is missing")
    cases = cases.with_columns(pl.col("case_id").cast(pl.String))
    twice = cases.filter(pl.col("case_id").is_duplicated())["case_id"]
    if len(twice):
        raise CasesError(f"{path.name}: case {twice[0]} stands twice")
    numbers = [column for column in ("age_years", "age_days", "birth_weight") if column in cases.columns]
    for column in numbers:
        read = cases[column].cast(pl.Int64, strict=False)
        wrong = cases.filter(read.is_null() & cases[column].is_not_null())
        if wrong.height:
            raise CasesError(
                f"{path.name}, case {wrong['case_id'][0]}: {column} {wrong[column][0]!r} is no whole number"
            )
        cases = cases.with_columns(read.alias(column))
    codes = {kind: _codes(cases, kind) for kind in ("diagnoses", "procedures")}
    principal = cases.select(principal=pl.col("diagnoses").str.split("|").list.first())["principal"]
    found = group(tables, cases.with_columns(principal), codes["diagnoses"], codes["procedures"])
    return pl.concat([cases, found.drop("case_id")], how="horizontal")


def _codes(cases: pl.DataFrame, kind: str) -> pl.DataFrame:
    listed = cases.select("case_id", code=pl.col(kind).cast(pl.String).str.split("|"))
    return listed.explode("code").filter(pl.col("code") != "")
