"""The statements of one period, read out of the newest publication.

Belongs here: the rows a workbook or a terminal shows. Does not belong here: how they are laid out (`workbook.py`),
figures (the marts).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.publish.folder import CURRENT, DATABASE

if TYPE_CHECKING:
    import duckdb

STATEMENTS = ("financial_position", "revenue_expense", "cash", "budget_execution")
Row = Mapping[str, Any]


class NoStatements(LookupError):
    """Nothing is published, or nothing of that period; says what there is."""


@dataclass(frozen=True)
class Line:
    """One line of a consolidated statement; amounts in yuan as the form shows them.

    `children` are the lines it is the sum of, each with +1 or -1; a line without any is a detail.
    """

    code: str
    name: str
    name_en: str
    by_member: Mapping[str, Decimal]
    aggregate: Decimal
    elimination: Decimal
    consolidated: Decimal
    year_to_date: Decimal | None
    comparative: Decimal | None
    children: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Statement:
    """One statement of a period; `since` begins the year to date, `compared` is the month it is compared with."""

    statement: str
    name: str
    lines: Sequence[Line]
    since: str | None
    compared: str | None


@dataclass(frozen=True)
class Published:
    """The ledger's marts of one period in a publication."""

    connection: duckdb.DuckDBPyConnection
    period: str

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Rows of a query; $period is the period."""
        cursor = self.connection.execute(query, {"period": self.period} if "$period" in query else {})
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @cached_property
    def members(self) -> dict[str, str]:
        """Names of the members that have a line in the period, by id."""
        found = self.rows(
            "select distinct member_id, member_name from ledger.statement_by_member where period = $period order by 1"
        )
        return {row["member_id"]: row["member_name"] for row in found}

    def statement(self, statement: str) -> Statement | None:
        """One statement, or None where the consortium has no such form."""
        lines = self.rows(
            f"select * from ledger.statement_line where period = $period and statement = '{statement}' "
            "order by line_order"
        )
        if not lines:
            return None
        by_member: dict[str, dict[str, Decimal]] = {}
        for row in self.rows(
            "select line_code, member_id, amount from ledger.statement_by_member "
            f"where period = $period and statement = '{statement}'"
        ):
            by_member.setdefault(row["line_code"], {})[row["member_id"]] = row["amount"]
        signs = {row["line_code"]: row["line_sign"] for row in lines}
        children: dict[str, list[tuple[str, int]]] = {}
        for row in lines:
            if row["adds_into"] is not None:
                sign = row["line_sign"] * signs[row["adds_into"]]
                children.setdefault(row["adds_into"], []).append((row["line_code"], sign))
        return Statement(
            statement,
            lines[0]["statement_name"],
            [
                Line(
                    row["line_code"],
                    row["line_name"],
                    row["line_name_en"] or "",
                    by_member.get(row["line_code"], {}),
                    row["aggregate_amount"],
                    row["elimination_amount"],
                    row["consolidated_amount"],
                    row["year_to_date_amount"],
                    row["comparative_amount"],
                    tuple(children.get(row["line_code"], ())),
                )
                for row in lines
            ],
            since=lines[0]["year_to_date_from"],
            compared=lines[0]["comparative_period"],
        )

    @cached_property
    def publication(self) -> dict[str, Any]:
        """Which publication this is: its id, when it was made, whose figures are older."""
        newest = self.rows("select * from governance.publication order by published_at desc limit 1")
        return newest[0] if newest else {}


@contextmanager
def published(folder: Path, period: str) -> Iterator[Published]:
    """The ledger of a period in the newest publication.

    Raises:
        NoStatements: nothing is published, or nothing of that period.
    """
    import duckdb

    database = (folder / CURRENT / DATABASE).resolve()
    if not database.exists():
        raise NoStatements(f"nothing is published in {folder} yet: run `yilian nightly` first")
    with duckdb.connect(str(database), read_only=True) as connection:
        periods = [
            row[0]
            for row in connection.execute("select distinct period from ledger.statement_line order by 1").fetchall()
        ]
        if period not in periods:
            raise NoStatements(f"{period} has no statements; published are {', '.join(periods) or 'none'}")
        yield Published(connection, period)
