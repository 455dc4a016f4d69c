"""What a report is made of: sheets with their query and columns, and checks between sheets.

Here: the vocabulary of `reports`, and the bits of SQL that its queries share. Not here: which reports there are, and
how they are written (`workbook`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "count", "quantity", "money", "price", "share"]

ELEMENTS: tuple[tuple[str, str], ...] = (
    ("labour", "人员经费"),
    ("consumable", "卫生材料费"),
    ("drug", "药品费"),
    ("depreciation", "固定资产折旧费"),
    ("amortisation", "无形资产摊销费"),
    ("risk_fund", "提取医疗风险基金"),
    ("other", "其他运行费用"),
)
"""The seven cost elements in the order of the regulation (domain 1.2)."""


@dataclass(frozen=True)
class Column:
    """One column of a sheet.

    key: column of the query. adds: keys of the columns of the same row that it is the sum of (written as a formula).
    share_of: (part, whole) keys that it is the quotient of. is_totalled: the last row sums it up.
    """

    key: str
    title: str
    kind: Kind = "money"
    adds: tuple[str, ...] = ()
    share_of: tuple[str, str] | None = None
    is_totalled: bool = False
    width: int = 0


@dataclass(frozen=True)
class Sheet:
    """One table: its query has the parameters $period and $member."""

    name: str
    title: str
    query: str
    columns: tuple[Column, ...]
    note: str = ""


@dataclass(frozen=True)
class Check:
    """Two sums over sheets that must agree: lists of (sheet, column key), added up."""

    name: str
    left: tuple[tuple[str, str], ...]
    right: tuple[tuple[str, str], ...]


def text(key: str, title: str, width: int = 16) -> Column:
    return Column(key, title, "text", width=width)


def money(key: str, title: str, *, total: bool = True, adds: tuple[str, ...] = ()) -> Column:
    return Column(key, title, "money", adds=adds, is_totalled=total)


def pivot(amount: str, condition: str = "true") -> str:
    """A column of the query per cost element, over the rows that fulfil the condition."""
    return ", ".join(
        f"sum({amount}) filter (cost_element = '{code}' and {condition}) as {code}" for code, _ in ELEMENTS
    )


def named(column: str, names: Mapping[str, str]) -> str:
    """SQL: the Chinese name of a code."""
    return f"case {column} " + " ".join(f"when '{code}' then '{name}'" for code, name in names.items()) + " end"
