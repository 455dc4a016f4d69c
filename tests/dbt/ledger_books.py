"""Books of a small consortium for the ledger's tests: write vouchers, build once, read what each story left.

Here belongs: vouchers and the trial balances that follow from them, and reading the ledger's marts of one period. Not
here: what they must hold (the tests say that).

Building costs seconds, so stories share a build: each has months of its own, far enough apart that none answers for
another.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

BANK, RECEIVABLE, PAYABLE, POOL = "1002", "121290", "230290", "310103"
SERVICE_INCOME, SERVICE_COST = "410190", "5001040708"
MARTS = (
    "+ledger__statement_line",
    "+ledger__statement_by_member",
    "+ledger__intercompany",
    "+ledger__elimination",
    "+ledger__issue",
    "+ledger__reconciliation",
    "+ledger__unmapped_account",
    "+ledger__unrealised_margin",
    "+int_ledger__intercompany_uncovered",
    "+core__unified_cost_code",
    "+ledger__daily_statement",
)
Line = Mapping[str, Any]
Balances = dict[tuple[str, str | None], Decimal]


def line(account: str, debit: Any = 0, credit: Any = 0, **more: Any) -> dict[str, Any]:
    """A voucher line of outside business."""
    return {"account_code": account, "debit": debit, "credit": credit, "fund_source": "own"} | more


def internal(account: str, amount: Any, other: str, **more: Any) -> dict[str, Any]:
    """A line that names another member; a negative amount is a credit."""
    value = Decimal(str(amount))
    sides = {"debit": max(value, Decimal(0)), "credit": max(-value, Decimal(0))}
    return line(account, **sides, counterparty_member_id=other, **more)


def chart(warehouse: Warehouse, codes: Sequence[str], *more: Line) -> None:
    """Members keep the unified chart's own codes; `more` are further rows of the map."""
    own = [{"vendor_or_member": "*", "local_account_pattern": code, "account_code": code} for code in sorted(codes)]
    warehouse.refer("account_map", [{"valid_from": "2020-01-01"} | row for row in [*own, *map(dict, more)]])


def book(
    warehouse: Warehouse,
    member: str,
    *vouchers: Sequence[Line],
    period: str,
    opening: Sequence[Line] = (),
    carried: Balances | None = None,
    together: Collection[str] = (),
) -> Balances:
    """Delivers a member's vouchers and the trial balance that follows from them, by account and counterparty.

    Args:
        opening: balances of the month's first day, as lines.
        carried: what an earlier call handed back; with it the month opens.
        together: accounts whose balances are not parted by counterparty.

    Returns:
        the closing balances, debit positive.
    """
    entries: list[dict[str, Any]] = []
    balances: dict[tuple[str, str | None], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for key, amount in (carried or {}).items():
        balances[key][0] += amount
    for row in opening:
        key = (row["account_code"], row.get("counterparty_member_id"))
        balances[key][0] += Decimal(str(row["debit"])) - Decimal(str(row["credit"]))
    for number, voucher in enumerate(vouchers, start=1):
        assert sum(Decimal(str(row["debit"])) - Decimal(str(row["credit"])) for row in voucher) == 0, voucher
        for position, row in enumerate(voucher, start=1):
            entries.append({"voucher_no": f"V{number}", "line_no": position} | dict(row))
            other = None if row["account_code"] in together else row.get("counterparty_member_id")
            kept = balances[row["account_code"], other]
            kept[1] += Decimal(str(row["debit"]))
            kept[2] += Decimal(str(row["credit"]))
    rows = [
        {
            "account_code": account,
            "counterparty_member_id": named,
            "opening_balance": before,
            "debit": debit,
            "credit": credit,
            "closing_balance": before + debit - credit,
        }
        for (account, named), (before, debit, credit) in balances.items()
    ]
    warehouse.deliver("gl_entries", member, period, entries)
    warehouse.deliver("trial_balance", member, period, rows)
    return {key: before + debit - credit for key, (before, debit, credit) in balances.items()}


@dataclass
class Shelf:
    """A built warehouse, kept aside from the session's."""

    path: Path

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self.path), read_only=True)

    def tuples(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def statement(self, name: str, period: str) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
        """Line -> aggregate, elimination, consolidated."""
        rows = self.tuples(
            "select line_code, aggregate_amount, elimination_amount, consolidated_amount from ledger.statement_line "
            f"where statement = '{name}' and period = '{period}'"
        )
        return {code: (aggregate, elimination, consolidated) for code, aggregate, elimination, consolidated in rows}

    def intercompany(self, period: str, where: str = "true") -> list[tuple[Any, ...]]:
        """Member, counterparty, rule, side, own, counterparty's and eliminated amount, status."""
        return self.tuples(
            "select member_id, counterparty_member_id, rule_id, side, own_amount, counterparty_amount, "
            f"eliminated_amount, status from ledger.intercompany where period = '{period}' and {where} order by all"
        )

    def statuses(self, period: str, where: str = "true") -> set[str]:
        return {row[-1] for row in self.intercompany(period, where)}


def shelve(warehouse: Warehouse, folder: Path) -> Shelf:
    """Takes the built warehouse aside, so that the next test may reset the session's."""
    path = folder / "built.duckdb"
    shutil.copy(warehouse.database, path)
    return Shelf(path)


@dataclass
class Story:
    """What was delivered, and the months it happened in."""

    tell: Callable[[Warehouse, list[str]], None]
    months: int = 1
    periods: list[str] = field(default_factory=list)

    @property
    def period(self) -> str:
        return self.periods[-1]


def calendar(first_year: int = 2027) -> Iterator[str]:
    """Months, one after the other."""
    year, month = first_year, 1
    while True:
        yield f"{year}-{month:02d}"
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def tell_all(warehouse: Warehouse, stories: Sequence[Story]) -> None:
    """Gives each story its months, two free ones between it and the next, and delivers it."""
    months = calendar()
    for each in stories:
        each.periods = [next(months) for _ in range(each.months)]
        next(months), next(months)
        each.tell(warehouse, each.periods)
