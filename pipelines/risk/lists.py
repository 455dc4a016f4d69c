"""The national insurer's published rule lists, read from a folder in the layout they are published in.

Belongs here: which files there are, what their columns and words mean, and the entries as one table. Does not belong
here: who breaks an entry (models of risk: R30, R31, R33, R34, R36, R50, R52, R53, R60, R61), and the consortium's own
small list (`seeds/risk_list_entries.csv`, the same columns).

A list of drugs comes as two files, limits by generic name (`…_Sheet1.csv`) and national codes by generic name
(`…_Sheet2.csv`); a list of services as one. Files are known by their names, as published: 药品规则库 or 项目规则库 and
the kind of limit. Lines without a number and a code (totals, footnotes) say nothing.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.settings import Settings

ENTRIES: dict[str, pl.DataType] = {
    "list_kind": pl.String(),
    "national_code": pl.String(),
    "name_zh": pl.String(),
    "sex_limit": pl.String(),
    "age_group": pl.String(),
    "setting_limit": pl.String(),
    "level_limit": pl.String(),
    "payer_limit": pl.String(),
    "max_days": pl.Int64(),
    "day_limit": pl.Int64(),
    "is_hourly": pl.Boolean(),
    "window_limit": pl.Int64(),
    "limit_window": pl.String(),
    "operation_group": pl.String(),
    "with_national_code": pl.String(),
    "pair_window": pl.String(),
    "source": pl.String(),
}
"""Columns of an entry; only those of its kind are filled. Lists within a cell are separated by |."""

Row = Mapping[str, str]
Facts = dict[str, object]

SEXES = {"男": "M", "女": "F"}
AGE_GROUPS = {"新生儿": "newborn", "婴幼儿": "infant", "儿童": "child"}
LEVELS = {"二级": "secondary", "三级": "tertiary"}
# Maternity insurance is paid by the employees' fund since 2019; work injury by neither of the two.
PAYERS = {"工伤": "other", "生育": "employee|other"}
WINDOWS = {"单日": "day", "单次就诊": "visit", "6小时": "6h", "同一小时": "hour"}
CODES = ("国标代码", "药品代码", "项目编码", "项目代码", "主项编码")
NAMES = ("药品通用名", "项目名称", "主项名称")
SOURCE = "国家医保局智能监管规则库"


class ListsError(RuntimeError):
    """The folder of rule lists can't be used; the text names file, row, column and what was found."""


@dataclass(frozen=True)
class Where:
    """A cell's place, for errors; the header is row 1."""

    file: str
    row: int

    def word(self, row: Row, column: str, known: Mapping[str, str]) -> str:
        """What the word of a cell means."""
        cell = _cell(row, column, self)
        if cell not in known:
            raise ListsError(f"{self.file}, row {self.row}, column {column}: {cell!r} is none of {', '.join(known)}")
        return known[cell]

    def number(self, row: Row, column: str, pattern: str = r"(\d+)") -> int:
        """The number in a cell."""
        cell = _cell(row, column, self)
        found = re.search(pattern, cell)
        if not found:
            raise ListsError(f"{self.file}, row {self.row}, column {column}: {cell!r} holds no number as expected")
        return int(found.group(1))


def _setting(row: Row, at: Where) -> Facts:
    at.word(row, "限定值域", {"住院": "inpatient"})
    # 限急诊或住院患者 stands in the words only
    emergency = "|emergency" if "急诊" in row.get("药品说明", "") else ""
    return {"setting_limit": f"inpatient|day_surgery{emergency}"}


def _frequency(row: Row, at: Where) -> Facts:
    unit = at.word(row, "数量单位", {"日": "day", "天": "day", "小时": "hour"})
    return {"day_limit": at.number(row, "限制数量"), "is_hourly": unit == "hour"}


def _cycle(row: Row, at: Where) -> Facts:
    return {"window_limit": at.number(row, "频次上限"), "limit_window": f"days:{at.number(row, '疗程周期')}"}


def _course_of_service(row: Row, at: Where) -> Facts:
    if "不超过一年" in _cell(row, "备注", at):
        return {"max_days": 365}
    return {"max_days": at.number(row, "备注", r"不超过(\d+)天")}


def _pair(row: Row, at: Where) -> Facts:
    return {"with_national_code": _cell(row, "从项编码", at), "pair_window": at.word(row, "频度", WINDOWS)}


@dataclass(frozen=True)
class Kind:
    """A kind of list: how its files are called, and what an entry says."""

    kind: str
    named: str
    says: Callable[[Row, Where], Facts]


DRUGS = (
    Kind("drug_age", "限定年龄", lambda row, at: {"age_group": at.word(row, "限定对象", AGE_GROUPS)}),
    Kind("drug_sex", "限定性别", lambda row, at: {"sex_limit": at.word(row, "限定对象", SEXES)}),
    Kind("drug_payer", "限定保险类型", lambda row, at: {"payer_limit": at.word(row, "限定对象", PAYERS)}),
    Kind("drug_setting", "限定就医方式", _setting),
    Kind("drug_level", "限定机构等级", lambda row, at: {"level_limit": at.word(row, "限定值域", LEVELS)}),
    Kind("drug_course", "限定支付疗程", lambda row, at: {"max_days": at.number(row, "限定值域", r"^(\d+)天$")}),
)
SERVICES = (
    Kind("service_age", "限定年龄对象", lambda row, at: {"age_group": at.word(row, "限定对象", AGE_GROUPS)}),
    Kind("service_sex", "限定性别", lambda row, at: {"sex_limit": at.word(row, "限定性别", SEXES)}),
    Kind("operations", "限定主次操作", lambda row, at: {"operation_group": _cell(row, "限定值域", at)}),
    Kind("pair", "重复收费", _pair),
    Kind("frequency", "限定频次", _frequency),
    Kind("working_age", "限定年龄", lambda _row, _at: {"age_group": "working"}),
    Kind("service_course", "限定疗程", _course_of_service),
    Kind("cycle", "限定周期", _cycle),
)


def entries_in_force() -> pl.DataFrame:
    """The entries of `CONSORTIUM_RULE_LISTS`; none where it names no folder."""
    folder = Settings.load().rule_lists
    return load(folder) if folder is not None else pl.DataFrame(schema=ENTRIES)


def load(folder: Path) -> pl.DataFrame:
    """Reads every published list in a folder and what lies in it.

    Returns:
        one row per national code and list it stands in (ENTRIES); of a pair one row per pair.

    Raises:
        ListsError: there is no list, a file lacks a column, or a cell says what no list says.
    """
    files = sorted(path for path in folder.rglob("*.csv") if "规则库" in path.name)
    if not files:
        raise ListsError(f"{folder}: no list (a file named …规则库….csv); CONSORTIUM_RULE_LISTS names the folder")
    rows: list[Facts] = []
    for path in files:
        is_drugs = "药品规则库" in path.name
        kind = next((each for each in (DRUGS if is_drugs else SERVICES) if each.named in path.name), None)
        if kind is None:
            raise ListsError(f"{path.name}: no kind of list has this name")
        if not path.stem.endswith("Sheet2"):
            codes = _codes_by_name(path) if is_drugs else None
            rows += _entries(path, kind, codes)
    return pl.DataFrame(rows, schema=ENTRIES).unique(maintain_order=True)


def _entries(path: Path, kind: Kind, codes: Mapping[str, list[str]] | None) -> Iterator[Facts]:
    for number, row in _rows(path):
        at = Where(path.name, number)
        if codes is None:
            listed = [row[column] for column in CODES if row.get(column)]
            if not listed and not row.get("序号", "").isdigit():
                continue
        else:
            listed = codes.get(_cell(row, NAMES[0], at), [])
        if not listed:
            raise ListsError(f"{path.name}, row {number}: no national code for this entry")
        name = next((row[column] for column in NAMES if row.get(column)), "")
        facts = kind.says(row, at)
        for code in listed:
            yield {"list_kind": kind.kind, "national_code": code, "name_zh": name, "source": SOURCE, **facts}


def _codes_by_name(path: Path) -> dict[str, list[str]]:
    other = path.with_name(path.name.replace("Sheet1", "Sheet2"))
    if other == path or not other.is_file():
        raise ListsError(f"{path.name}: the file of its national codes (…_Sheet2.csv) is missing")
    codes: dict[str, list[str]] = {}
    for number, row in _rows(other):
        code = next((row[column] for column in CODES if row.get(column)), "")
        if not code:
            raise ListsError(f"{other.name}, row {number}: no national code")
        codes.setdefault(_cell(row, NAMES[0], Where(other.name, number)), []).append(code)
    return codes


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            yield number, {name: (cell or "").strip() for name, cell in row.items() if name}


def _cell(row: Row, column: str, at: Where) -> str:
    if column not in row:
        raise ListsError(f"{at.file}: column {column} is missing")
    return row[column]
