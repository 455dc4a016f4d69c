"""Eliminations of consortia that nobody designed: identities that hold whatever members book (domain 2.6.3, step 5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

MEMBERS = ("H01", "H02", "T01", "T02")
PERIODS = tuple(f"2026-{month:02d}" for month in (2, 5, 8, 11))  # apart, so that no month answers for another
BANK = "1002"


@dataclass(frozen=True)
class Kind:
    """A kind of internal business: its rule, what sides a and b book, and the accounts of the debt that follows."""

    ic_type: str
    rule_id: str
    a_account: str
    b_account: str
    a_is_income: bool


KINDS = (
    Kind("service", "E06", "410190", "5001040708", a_is_income=True),
    Kind("staff", "E07", "460990", "5001040704", a_is_income=True),
    Kind("rent", "E08", "460590", "5001040709", a_is_income=True),
    Kind("subsidy_down", "E04", "5501", "4201", a_is_income=False),
)
AMOUNTS = st.integers(1, 10**7).map(lambda fen: Decimal(fen) / 100)


@dataclass(frozen=True)
class Deal:
    """One piece of business: what side a books and what side b books (None = nothing)."""

    kind: Kind
    period: str
    a: str
    b: str
    a_amount: Decimal | None
    b_amount: Decimal | None
    has_reference: bool


@st.composite
def deals(draw: st.DrawFn) -> Deal:
    a, b = draw(st.permutations(MEMBERS))[:2]
    amount = draw(AMOUNTS)
    other = draw(st.one_of(st.just(amount), st.just(amount), AMOUNTS, st.none()))
    kind, period = draw(st.sampled_from(KINDS)), draw(st.sampled_from(PERIODS))
    a_amount, b_amount = (amount, other) if draw(st.booleans()) else (other, amount)
    return Deal(kind, period, a, b, a_amount, b_amount, has_reference=draw(st.booleans()))


def vouchers(deal: Deal, number: int) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    shared = {"ic_type": deal.kind.ic_type, "ic_reference": f"D{number}" if deal.has_reference else None}
    sides = (
        (deal.a, deal.b, deal.a_amount, deal.kind.a_account, deal.kind.a_is_income),
        (deal.b, deal.a, deal.b_amount, deal.kind.b_account, not deal.kind.a_is_income),
    )
    for member, other, amount, account, is_income in sides:
        if amount is None:
            continue
        debt = "121290" if is_income else "230290"
        debit, credit = (debt, account) if is_income else (account, debt)
        yield (
            member,
            [
                shared | {"account_code": debit, "debit": amount, "credit": 0, "counterparty_member_id": other},
                shared | {"account_code": credit, "debit": 0, "credit": amount, "counterparty_member_id": other},
            ],
        )


def deliver(warehouse: Warehouse, business: list[Deal]) -> None:
    entries: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    balances: dict[tuple[str, str], dict[tuple[str, str], list[Decimal]]] = defaultdict(dict)
    for number, deal in enumerate(business):
        for member, lines in vouchers(deal, number):
            for position, row in enumerate(lines, start=1):
                entries[member, deal.period].append({"voucher_no": f"V{number}", "line_no": position} | row)
                key = (row["account_code"], row["counterparty_member_id"])
                total = balances[member, deal.period].setdefault(key, [Decimal(0), Decimal(0)])
                total[0] += row["debit"]
                total[1] += row["credit"]
    for (member, period), rows in entries.items():
        warehouse.deliver("gl_entries", member, period, rows)
        balance = [
            {
                "account_code": account,
                "counterparty_member_id": other,
                "debit": debit,
                "credit": credit,
                "closing_balance": debit - credit,
            }
            for (account, other), (debit, credit) in balances[member, period].items()
        ]
        warehouse.deliver("trial_balance", member, period, balance)


def expected_movements(business: list[Deal]) -> dict[tuple[str, str, str, str], tuple[Decimal, Decimal, Decimal]]:
    """Side a, side b and eliminated per period, rule and pair, added up without any matching."""
    totals: dict[tuple[str, str, str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for deal in business:
        pair = totals[deal.period, deal.kind.rule_id, deal.a, deal.b]
        pair[0] += deal.a_amount or 0
        pair[1] += deal.b_amount or 0
    return {key: (a, b, min(a, b)) for key, (a, b) in totals.items()}


@settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(business=st.lists(deals(), min_size=12, max_size=60))
def test_eliminations_net_whatever_members_book(dbt_session: Warehouse, business: list[Deal]) -> None:
    warehouse = dbt_session
    warehouse.reset()
    codes = {each for kind in KINDS for each in (kind.a_account, kind.b_account)} | {"121290", "230290", BANK}
    identity = {"vendor_or_member": "*", "valid_from": "2020-01-01"}
    warehouse.refer(
        "account_map", [identity | {"local_account_pattern": code, "account_code": code} for code in sorted(codes)]
    )
    deliver(warehouse, business)
    warehouse.build("+ledger__intercompany", "+ledger__statement_line")

    found = {
        (row["period"], row["rule_id"], row["a_member_id"], row["b_member_id"]): (
            row["a_amount"],
            row["b_amount"],
            row["eliminated_amount"],
        )
        for row in warehouse.rows("from intermediate.int_ledger__intercompany_pair where leg = 'movement'")
    }
    assert found == expected_movements(business)

    unbalanced = warehouse.rows(
        "select rule_id, leg, period from intermediate.int_ledger__elimination group by all having sum(amount) <> 0"
    )
    assert unbalanced == []

    statement: dict[str, dict[tuple[str, str], Any]] = defaultdict(dict)
    for row in warehouse.rows("from ledger.statement_line"):
        statement[row["period"]][row["statement"], row["line_code"]] = row
    for lines in statement.values():
        assets = lines["financial_position", "FP_ASSETS"]["consolidated_amount"]
        assert assets == lines["financial_position", "FP_LIABILITIES_NET_ASSETS"]["consolidated_amount"]
        # Everything here is business between members: none of it is left in any line but the suspense.
        for detail in ("FP_RECEIVABLE", "FP_PAYABLE"):
            assert lines["financial_position", detail]["consolidated_amount"] == 0
        assert assets == lines["financial_position", "IC_DIFF"]["consolidated_amount"]
        for detail in ("RE_INCOME", "RE_EXPENSE"):
            assert lines["revenue_expense", detail]["consolidated_amount"] == 0
        assert lines["revenue_expense", "RE_SURPLUS"]["elimination_amount"] == 0
