"""Groups many coded cases at once.

Belongs here: facts of cases (which list each code stands in, complications with their exclusions) and the walk through
the tables. Does not belong here: the tables and their expressions (tables, conditions), deliveries, payment.

The walk is that of CHS-DRG 1.1: the groups before any MDC (transplants, ECMO); the MDCs that age, HIV, multiple trauma
or sex lead into (P, Y, Z, M, N, O); else the MDC of the principal diagnosis. Within an MDC the first rule of the table
that holds is the group. A case that a rule can't be asked of, because a fact it needs isn't delivered, is not grouped.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import polars as pl

from pipelines.grouper.conditions import FIELDS, MULTIPLE_TRAUMA, Condition, unknown_field
from pipelines.grouper.tables import GroupingTables, Rule, clean

RESULT: dict[str, pl.DataType] = {
    "case_id": pl.String(),
    "mdc_code": pl.String(),
    "adrg_code": pl.String(),
    "drg_code": pl.String(),
    "drg_name": pl.String(),
    "complication": pl.String(),
    "reason": pl.String(),
}
"""Columns of a result: `complication` is mcc, cc or none; `reason` says why there is no group, and is empty else."""

_WELL_FORMED = r"^[A-Z][0-9]{2}[0-9A-Z.+*/ ]*$"
_UNKNOWN_WEIGHT = (1, 99_999)
_DAYS_OF_A_NEWBORN = 29
_NOBODY = 130


class Reason(StrEnum):
    """Why a case has no group."""

    NO_PRINCIPAL = "no_principal_diagnosis"
    MALFORMED = "malformed_principal_diagnosis"
    UNKNOWN = "unknown_principal_diagnosis"
    WRONG_SEX = "principal_diagnosis_of_the_other_sex_or_age"
    NO_GROUP = "no_group_in_its_mdc"
    NEEDS_AGE = "age_missing"
    NEEDS_SEX = "sex_missing"
    NEEDS_AGE_DAYS = "age_in_days_missing"
    NEEDS_WEIGHT = "birth_weight_missing"


_NEEDS = {
    "age": Reason.NEEDS_AGE,
    "gender": Reason.NEEDS_SEX,
    "newborn_age_month": Reason.NEEDS_AGE_DAYS,
    "newborn_birth_weight": Reason.NEEDS_WEIGHT,
}


def group(
    tables: GroupingTables, cases: pl.DataFrame, diagnoses: pl.DataFrame, procedures: pl.DataFrame
) -> pl.DataFrame:
    """Groups cases.

    Args:
        cases: case_id (unique), principal, sex (F, M, else unknown), age_years, and where known age_days (of a person
            younger than a year) and birth_weight (grams); columns may be missing or hold nulls.
        diagnoses: case_id, code of secondary diagnoses; the principal among them is no complication of itself.
        procedures: case_id, code; the first of a case is its main one.

    Returns:
        One row per case in the order given (RESULT).
    """
    walk = _Walk(tables, cases, diagnoses, procedures)
    rest = walk.settle(np.arange(cases.height), tables.first)
    for rule in tables.entries:
        inside, rest = walk.enter(rest, rule)
        walk.settle(inside, tables.groups[rule.drg], rule.drg)
    for mdc, rules in tables.groups.items():
        if mdc not in tables.entered:
            # a diagnosis of several MDCs belongs to the first that has a group for it
            own = walk.of_mdc(rest, mdc)
            rest = np.concatenate([rest[~own], walk.settle(rest[own], rules, mdc)])
            rest.sort()
    return walk.result(cases["case_id"])


_NONE = -1
_STUCK = -2


class _Outcome(NamedTuple):
    mdc: str | None = None
    adrg: str | None = None
    drg: str | None = None
    reason: str | None = None


class _Walk:
    """Facts of all cases, and what has been found out about each so far."""

    def __init__(
        self, tables: GroupingTables, cases: pl.DataFrame, diagnoses: pl.DataFrame, procedures: pl.DataFrame
    ) -> None:
        self.tables = tables
        n = cases.height
        rows = cases.select("case_id", clean(pl.col("principal")).alias("principal")).with_row_index("row")
        self.principal = rows["principal"]
        secondary = _joined(rows, diagnoses).filter(pl.col("code").ne_missing(pl.col("principal")))
        operations = _joined(rows, procedures)
        self.facts = _Facts(tables, rows.select("row", code="principal").drop_nulls(), secondary, operations)
        self.spans = _spans(cases)
        level = _complications(tables, secondary)
        operated = operations.join(tables.adrg_procedures.select("code").unique(), on="code", how="semi")["row"]
        flags = {"has_operation": operated.to_numpy(), "has_mcc": level["mcc"], "has_cc": level["cc"]}
        for name, hit in flags.items():
            column = np.zeros(n, dtype=bool)
            column[hit] = True
            self.spans = self.spans.with_columns(pl.Series(name, column))
        self.outcomes: list[_Outcome] = [_Outcome()]
        self.outcome = np.zeros(n, dtype=np.int64)

    def settle(self, rows: np.ndarray, rules: Sequence[Rule], mdc: str | None = None) -> np.ndarray:
        """Gives these rows the first group whose rule holds; returns those that stay without one.

        Args:
            rows: ascending.
            rules: in their order.
            mdc: the MDC that the rows have come to, for those that find no group in it.
        """
        which, unknown = self._first(rows, [rule.condition for rule in rules])
        for number in np.unique(which[which >= 0]):
            rule = rules[number]
            self._note(rows[which == number], _Outcome(rule.mdc, rule.adrg, rule.drg))
        self._stuck(rows, which, unknown, mdc or rules[0].mdc)
        bare = rows[which == _NONE]
        if mdc is not None:
            self._note(bare[self.outcome[bare] == 0], _Outcome(mdc, reason=Reason.NO_GROUP))
        return bare

    def enter(self, rows: np.ndarray, rule: Rule) -> tuple[np.ndarray, np.ndarray]:
        """Splits rows into those that the rule leads into its MDC, and the others."""
        which, unknown = self._first(rows, [rule.condition], trauma_of=rule.drg)
        self._stuck(rows, which, unknown, rule.drg)
        return rows[which == 0], rows[which == _NONE]

    def of_mdc(self, rows: np.ndarray, mdc: str) -> np.ndarray:
        """Which of these rows have a principal diagnosis of the MDC."""
        return self.facts.mask(f"mdc:{mdc}", rows)

    def result(self, case_id: pl.Series) -> pl.DataFrame:
        """What was found, one row a case."""
        kinds = pl.DataFrame(
            [tuple(kind) for kind in self.outcomes], schema=dict.fromkeys(_Outcome._fields, pl.String), orient="row"
        )
        outcome = kinds[self.outcome].with_columns(case_id.cast(pl.String).alias("case_id"), self.principal)
        listed = self.tables.mdc_diagnoses["code"].unique().implode()
        why = (
            pl.when(pl.col("drg").is_not_null()).then(None)
            .when(pl.col("principal").is_null()).then(pl.lit(Reason.NO_PRINCIPAL))
            .when(~pl.col("principal").str.contains(_WELL_FORMED)).then(pl.lit(Reason.MALFORMED))
            .when(~pl.col("principal").is_in(listed)).then(pl.lit(Reason.UNKNOWN))
            .otherwise(pl.coalesce("reason", pl.lit(Reason.WRONG_SEX)))
        )  # fmt: skip
        level = pl.when(self.spans["has_mcc"]).then(pl.lit("mcc")).when(self.spans["has_cc"]).then(pl.lit("cc"))
        return outcome.select(
            "case_id",
            mdc_code=pl.col("mdc"), adrg_code=pl.col("adrg"), drg_code=pl.col("drg"),
            drg_name=pl.col("drg").replace_strict(self.tables.names, default=None, return_dtype=pl.String),
            complication=level.otherwise(pl.lit("none")),
            reason=why.cast(pl.String),
        )  # fmt: skip

    def _note(self, rows: np.ndarray, outcome: _Outcome) -> None:
        self.outcome[rows] = len(self.outcomes)
        self.outcomes.append(outcome)

    def _stuck(self, rows: np.ndarray, which: np.ndarray, unknown: np.ndarray, mdc: str) -> None:
        for field, reason in _NEEDS.items():
            self._note(rows[(which == _STUCK) & (unknown == field)], _Outcome(mdc, reason=reason))

    def _first(
        self, rows: np.ndarray, conditions: Sequence[Condition], trauma_of: str | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """For each row the first condition that holds (or _NONE, or _STUCK before it), and what it got stuck for."""
        needed = frozenset[str]().union(*(condition.facts for condition in conditions))
        masks = {fact: self.facts.mask(fact, rows, trauma_of) for fact in needed}
        frame = self.spans[rows].with_columns(pl.Series(name, mask) for name, mask in masks.items())
        steps, needs = [], []
        for number, condition in enumerate(conditions):
            verdict = condition.expression
            steps.append(pl.when(verdict.is_null()).then(_STUCK).when(verdict).then(number))
            needs.append(
                pl.when(verdict.is_null()).then(unknown_field(condition.fields)).when(verdict).then(pl.lit(""))
            )
        asked = frame.select(
            which=pl.coalesce(*steps, pl.lit(_NONE)).cast(pl.Int64),
            need=pl.coalesce(*needs, pl.lit("")),
        )
        return asked["which"].to_numpy(), asked["need"].to_numpy()


class _Facts:
    """Which cases have which membership, as row numbers by name of the fact."""

    def __init__(
        self, tables: GroupingTables, principal: pl.DataFrame, secondary: pl.DataFrame, operations: pl.DataFrame
    ) -> None:
        of_mdc, of_adrg = tables.mdc_diagnoses, tables.adrg_diagnoses
        rules = (*tables.first, *tables.entries, *(rule for of in tables.groups.values() for rule in of))
        asked = frozenset[str]().union(*(rule.condition.facts for rule in rules))
        main = operations.unique("row", keep="first", maintain_order=True)
        other = operations.join(main, on=["row", "code"], how="anti")
        sources = {
            "is_pd1": (principal, of_mdc), "is_pd2": (principal, of_adrg),
            "is_sd1": (secondary, of_mdc), "is_sd2": (secondary, of_adrg),
            "is_op2": (operations, tables.adrg_procedures),
            "is_mo2": (main, tables.adrg_procedures), "is_so2": (other, tables.adrg_procedures),
        }  # fmt: skip
        self.rows: dict[str, np.ndarray] = {}
        for kind, (codes, lists) in sources.items():
            wanted = [fact.partition(":")[2] for fact in asked if fact.startswith(f"{kind}:")]
            self._keep(kind, codes, lists.filter(pl.col("class").is_in(wanted)), "class")
        self._keep("mdc", principal, of_mdc, "mdc")
        if MULTIPLE_TRAUMA in asked:
            for rule in tables.entries:
                if MULTIPLE_TRAUMA in rule.condition.facts:
                    self.rows[f"{MULTIPLE_TRAUMA}:{rule.drg}"] = _trauma(of_mdc, rule.drg, principal, secondary)

    def mask(self, fact: str, rows: np.ndarray, trauma_of: str | None = None) -> np.ndarray:
        """Whether each of these rows (ascending) has the fact."""
        name = f"{fact}:{trauma_of}" if fact == MULTIPLE_TRAUMA else fact
        return np.isin(rows, self.rows.get(name, _NO_ROWS), assume_unique=True)

    def _keep(self, kind: str, codes: pl.DataFrame, lists: pl.DataFrame, by: str) -> None:
        met = codes.select("row", "code").join(lists, on="code").select("row", by).unique()
        for (name,), part in met.partition_by(by, as_dict=True).items():
            self.rows[f"{kind}:{name}"] = part["row"].sort().to_numpy()


_NO_ROWS = np.array([], dtype=np.int64)


def _joined(rows: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    """Codes of cases by row number: row, code, principal."""
    coded = codes.select("case_id", clean(pl.col("code")).alias("code")).drop_nulls("code")
    return coded.join(rows, on="case_id", maintain_order="left").select("row", "code", "principal")


def _trauma(of_mdc: pl.DataFrame, mdc: str, principal: pl.DataFrame, secondary: pl.DataFrame) -> np.ndarray:
    regions = of_mdc.filter(pl.col("mdc") == mdc).select("code", "class")
    first = principal.join(regions, on="code").select("row", "class")
    others = secondary.select("row", "code").join(regions, on="code").select("row", "class")
    hurt = pl.concat([first, others.join(first.select("row").unique(), on="row", how="semi")])
    counted = hurt.group_by("row").agg(pl.col("class").n_unique().alias("regions"))
    return counted.filter(pl.col("regions") > 1)["row"].sort().to_numpy()


def _complications(tables: GroupingTables, secondary: pl.DataFrame) -> dict[str, np.ndarray]:
    """Rows with a major complication, and rows with another one and no major one; excluded ones do not count."""
    listed = secondary.join(tables.complications, on="code")
    counted = listed.join(tables.exclusions, on=["excluded_table", "principal"], how="anti").select("row", "level")
    mcc = counted.filter(pl.col("level") == "mcc")["row"].unique().to_numpy()
    cc = counted.filter(pl.col("level") == "cc")["row"].unique().to_numpy()
    return {"mcc": mcc, "cc": np.setdiff1d(cc, mcc)}


def _spans(cases: pl.DataFrame) -> pl.DataFrame:
    """Least and greatest value of every field of a case."""

    def whole(name: str) -> pl.Expr:
        return pl.col(name).cast(pl.Int64) if name in cases.columns else pl.lit(None, dtype=pl.Int64)

    years, days, grams = whole("age_years"), whole("age_days"), whole("birth_weight")
    sex = pl.col("sex").replace_strict({"M": 1, "F": 2}, default=None, return_dtype=pl.Int64)
    days = pl.when(years.fill_null(0) == 0).then(days)
    # completed months; a newborn (month 0) is younger than 29 days
    months = pl.when(days < _DAYS_OF_A_NEWBORN).then(0).when(days.is_not_null()).then(pl.max_horizontal(days // 30, 1))
    spans = {
        "age": (pl.coalesce(years, pl.when(days.is_not_null()).then(0), 0), pl.coalesce(years, days * 0, _NOBODY)),
        "gender": (pl.coalesce(sex, 1), pl.coalesce(sex, 2)),
        "newborn_age_month": (pl.coalesce(months, years * 12, 0), pl.coalesce(months, years * 12 + 11, _NOBODY * 12)),
        "newborn_birth_weight": (pl.coalesce(grams, _UNKNOWN_WEIGHT[0]), pl.coalesce(grams, _UNKNOWN_WEIGHT[1])),
    }
    assert tuple(spans) == FIELDS
    return cases.select(
        bound.alias(f"{field}:{side}")
        for field, bounds in spans.items()
        for side, bound in zip(("least", "most"), bounds, strict=True)
    )
