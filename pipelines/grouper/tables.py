"""The national grouping tables, as published, read from a folder.

Belongs here: files, columns and what must agree between them. Does not belong here: what the rule expressions mean
(conditions), and grouping (group).

The folder holds CSV files (UTF-8, header; `.csv` or `.csv.gz`) named as the sheets of the published workbook:
MDC信息, ADRG信息, DRG信息, MDC诊断表, ADRG诊断表, ADRG手术表, MCC, CC, 排除诊断表, DRG分组规则.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.grouper.conditions import ALWAYS, Condition, ConditionError, flag, read
from pipelines.settings import Settings

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "MDC信息": ("mdc_code", "mdc_name"),
    "ADRG信息": ("adrg_code", "adrg_name"),
    "DRG信息": ("adrg_code", "drg_code", "drg_name"),
    "MDC诊断表": ("mdc_code", "classification", "diagnosis_code"),
    "ADRG诊断表": ("classification", "diagnosis_code"),
    "ADRG手术表": ("classification", "operation_code"),
    "MCC": ("diagnosis_code", "excluded_table"),
    "CC": ("diagnosis_code", "excluded_table"),
    "排除诊断表": ("table_name", "diagnosis_code"),
    "DRG分组规则": ("mdc_code", "adrg_code", "drg_code", "mdc_rule", "adrg_rule", "drg_rule", "op", "mcc", "cc"),
}
ENTRY = "MDC"
"""`adrg_code` of a rule that leads into another MDC instead of a group."""


class TablesError(RuntimeError):
    """The folder of grouping tables can't be used; the text names file, row and what is wrong."""


@dataclass(frozen=True)
class Rule:
    """One row of DRG分组规则: the group (or MDC) that a case belongs to when the condition is the first that holds."""

    mdc: str
    adrg: str
    drg: str
    condition: Condition


@dataclass(frozen=True)
class GroupingTables:
    """Everything the grouper knows. Codes are upper case.

    `first` are the groups tried before any MDC, `entries` the rules that lead into an MDC whatever the principal
    diagnosis' own MDC, `groups` the rules of every other MDC in the table's order, `entered` the MDCs that only an
    entry leads to.
    """

    names: Mapping[str, str]
    first: tuple[Rule, ...]
    entries: tuple[Rule, ...]
    groups: Mapping[str, tuple[Rule, ...]]
    entered: frozenset[str]
    mdc_diagnoses: pl.DataFrame  # mdc, class, code
    adrg_diagnoses: pl.DataFrame  # class, code
    adrg_procedures: pl.DataFrame  # class, code
    complications: pl.DataFrame  # code, level (mcc, cc), excluded_table
    exclusions: pl.DataFrame  # excluded_table, principal

    @classmethod
    def load(cls, folder: Path) -> GroupingTables:
        """Reads and checks a folder.

        Raises:
            TablesError: a file or column is missing, a rule isn't understood, or a table names what no other knows.
        """
        sheets = {name: _sheet(folder, name, columns) for name, columns in COLUMNS.items()}
        names = dict(sheets["MDC信息"].iter_rows()) | dict(sheets["ADRG信息"].iter_rows())
        names |= dict(sheets["DRG信息"].select("drg_code", "drg_name").iter_rows())
        rules = [_rule(row, number) for number, row in enumerate(sheets["DRG分组规则"].iter_rows(named=True), start=2)]
        entries = tuple(rule for rule in rules if rule.adrg == ENTRY)
        before = {rule.mdc for rule in entries}
        groups: dict[str, list[Rule]] = {}
        for rule in rules:
            if rule.adrg != ENTRY and rule.mdc not in before:
                groups.setdefault(rule.mdc, []).append(rule)
        unknown = sorted({rule.drg for rule in rules if rule.adrg != ENTRY} - set(names))
        if unknown:
            raise TablesError(f"DRG分组规则 names groups that DRG信息 does not list: {', '.join(unknown[:5])}")
        lost = sorted({rule.drg for rule in entries} - set(groups))
        if lost:
            raise TablesError(f"DRG分组规则 leads into {', '.join(lost)}, which has no group")
        both = [sheets[level].with_columns(level=pl.lit(level.lower())) for level in ("MCC", "CC")]
        return cls(
            names=names,
            first=tuple(rule for rule in rules if rule.adrg != ENTRY and rule.mdc in before),
            entries=entries,
            groups={mdc: tuple(of) for mdc, of in groups.items()},
            entered=frozenset(rule.drg for rule in entries),
            mdc_diagnoses=_coded(sheets["MDC诊断表"], "diagnosis_code", mdc="mdc_code", **{"class": "classification"}),
            adrg_diagnoses=_coded(sheets["ADRG诊断表"], "diagnosis_code", **{"class": "classification"}),
            adrg_procedures=_coded(sheets["ADRG手术表"], "operation_code", **{"class": "classification"}),
            # a code in both lists counts as the graver
            complications=_coded(
                pl.concat(both), "diagnosis_code", level="level", excluded_table="excluded_table"
            ).unique("code", keep="first", maintain_order=True),
            exclusions=_coded(sheets["排除诊断表"], "diagnosis_code", excluded_table="table_name").rename(
                {"code": "principal"}
            ),
        )


def tables_in_force() -> GroupingTables | None:
    """The tables of `CONSORTIUM_DRG_TABLES`; None where it names no folder.

    Raises:
        TablesError: the folder can't be used.
    """
    folder = Settings.load().drg_tables
    return GroupingTables.load(folder) if folder is not None else None


def clean(code: pl.Expr) -> pl.Expr:
    """A code as the tables are compared: no blanks around it, upper case, half-width signs; empty is null."""
    plain = code.str.strip_chars().str.to_uppercase().str.replace_many(["＋", "＊", "．"], ["+", "*", "."])
    return pl.when(plain != "").then(plain)


def _sheet(folder: Path, name: str, columns: tuple[str, ...]) -> pl.DataFrame:
    found = [path for suffix in (".csv", ".csv.gz") if (path := folder / f"{name}{suffix}").is_file()]
    if not found:
        raise TablesError(f"{folder}: {name}.csv (or .csv.gz) is missing; CONSORTIUM_DRG_TABLES names the folder")
    frame = pl.read_csv(found[0], infer_schema=False)
    lacking = [column for column in columns if column not in frame.columns]
    if lacking:
        raise TablesError(f"{found[0].name}: column {', '.join(lacking)} is missing")
    return frame.select(pl.col(column).fill_null("").str.strip_chars() for column in columns)


def _coded(sheet: pl.DataFrame, code: str, **others: str) -> pl.DataFrame:
    kept = [pl.col(source).alias(name) for name, source in others.items()]
    return sheet.select(*kept, clean(pl.col(code)).alias("code")).drop_nulls("code").unique(maintain_order=True)


def _rule(row: Mapping[str, str], number: int) -> Rule:
    try:
        condition = ALWAYS
        for column in ("mdc_rule", "adrg_rule", "drg_rule"):
            condition = condition & read(row[column])
        for column, fact in (("op", "has_operation"), ("mcc", "has_mcc"), ("cc", "has_cc")):
            condition = condition & flag(fact, int(row[column]))
    except (ConditionError, ValueError) as error:
        raise TablesError(f"DRG分组规则 row {number} ({row['drg_code']}): {error}") from None
    return Rule(row["mdc_code"], row["adrg_code"], row["drg_code"], condition)
