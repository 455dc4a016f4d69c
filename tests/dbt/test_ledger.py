"""The ledger of the consortium: one chart, internal business out, nothing plugged (S5-FIN-01, S5-FIN-02)."""

from __future__ import annotations

import calendar
import csv
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.dbt.conftest import SEEDS
from tests.dbt.ledger_books import (
    BANK,
    MARTS,
    PAYABLE,
    RECEIVABLE,
    SERVICE_COST,
    SERVICE_INCOME,
    Shelf,
    Story,
    book,
    chart,
    internal,
    line,
    shelve,
    tell_all,
)

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

CODES = {
    "1001", BANK, "1011", "1212", RECEIVABLE, "121490", "121803", "121804", "12120201", "160102", "1602",
    PAYABLE, "2302", "230503", "230590", "230703", "230705", "3001", "3301", "4101", "4101010101", "41010103",
    SERVICE_INCOME, "4201", "4301", "4601", "460490", "460590", "460990", "5001", "5001040101", SERVICE_COST,
    "5001040709", "5401", "5501", "121990", "150190", "340190",
    "5301", "590190", "590191", "590192", "610190", "6101", "610101", "6201", "6301", "720104", "720190",
    "7401", "7501", "8001", "8202",
}  # fmt: skip
STORIES: list[Story] = []
Tell = Callable[["Warehouse", list[str]], None]


def story(months: int = 1) -> Callable[[Tell], Story]:
    """A story of this file; it gets months of its own."""

    def told(tell: Tell) -> Story:
        STORIES.append(Story(tell, months))
        return STORIES[-1]

    return told


def last_day(period: str) -> str:
    year, month = map(int, period.split("-"))
    return f"{period}-{calendar.monthrange(year, month)[1]}"


@pytest.fixture(scope="module")
def ledger(dbt_session: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """All stories of this file in one built warehouse. Members keep the unified chart's own codes."""
    dbt_session.reset()
    tell_all(dbt_session, STORIES)
    two_years(dbt_session)
    with (SEEDS / "members.csv").open(encoding="utf-8") as file:
        members = {row["member_id"]: row for row in csv.DictReader(file)}
    members["V01"]["joined_on"] = members["H03"]["left_on"] = f"{somebody_joins_and_somebody_leaves.periods[1]}-10"
    dbt_session.refer("members", list(members.values()))
    merged = {
        "member_id": "H01",
        "dept_code": "D1",
        "into_member_id": "H01",
        "from_period": a_ward_is_merged.periods[1],
    }
    parts = [{"into_dept_code": "D2", "share": "0.7"}, {"into_dept_code": "D3", "share": "0.3"}]
    dbt_session.refer("department_merges", [merged | part for part in parts])
    before, after = a_map_that_changes.periods
    until, since = {"valid_to": last_day(before)}, {"valid_from": f"{after}-01"}
    canonical = {"vendor_or_member": "canonical"}
    chart(
        dbt_session,
        sorted(CODES),
        canonical | {"local_account_pattern": "77", "account_code": "1001"},
        canonical | {"local_account_pattern": "7702", "account_code": BANK},
        {"vendor_or_member": "H01", "local_account_pattern": "7702", "account_code": "1011"},
        canonical | {"local_account_pattern": "770201", "account_code": "1212"} | until,
        canonical | {"local_account_pattern": "88", "account_code": "1212"} | until,
        canonical | {"local_account_pattern": "88", "account_code": "5001"} | since,
    )
    dbt_session.build(*MARTS)
    assert dbt_session.dbt("test", "--select", "test_type:unit,path:models/intermediate/ledger") == {}
    return shelve(dbt_session, tmp_path_factory.mktemp("ledger"))


# TC-79


def a_ct_use(warehouse: Warehouse, period: str, owner_books: int) -> None:
    """TC-01: a township patient on the hospital's CT. 100 to the owner, 50 to the cost pool the lead keeps."""
    reference = {"ic_type": "service", "ic_reference": "CT-1"}
    pool = {"ic_type": "service", "ic_reference": "POOL-1"}
    book(
        warehouse,
        "T01",
        [internal(SERVICE_COST, 100, "H02", **reference), internal(PAYABLE, -100, "H02", **reference)],
        [internal(SERVICE_COST, 50, "H01", **pool), internal(PAYABLE, -50, "H01", **pool)],
        period=period,
    )
    sold = [
        internal(RECEIVABLE, owner_books, "T01", **reference),
        internal(SERVICE_INCOME, -owner_books, "T01", **reference),
    ]
    book(warehouse, "H02", sold, period=period)
    pooled = [internal(RECEIVABLE, 50, "T01", **pool), internal(SERVICE_INCOME, -50, "T01", **pool)]
    book(warehouse, "H01", pooled, period=period)


@story()
def a_ct_use_that_both_book(warehouse: Warehouse, periods: list[str]) -> None:
    a_ct_use(warehouse, periods[0], owner_books=100)


@story()
def a_ct_use_of_which_the_owner_books_90(warehouse: Warehouse, periods: list[str]) -> None:
    a_ct_use(warehouse, periods[0], owner_books=90)


def test_tc_79_internal_cost_and_income_are_eliminated_to_nothing(ledger: Shelf) -> None:
    period = a_ct_use_that_both_book.period
    result = ledger.statement("revenue_expense", period)
    assert result["RE_INCOME"] == (150, -150, 0)
    assert result["RE_EXPENSE"] == (150, -150, 0)
    assert result["IC_DIFF"] == (0, 0, 0)
    assert ledger.statuses(period) == {"matched"}


def test_tc_79_what_the_owner_booked_less_is_listed_not_plugged(ledger: Shelf) -> None:
    period = a_ct_use_of_which_the_owner_books_90.period
    assert ledger.intercompany(period, "leg = 'movement' and 'H02' in (member_id, counterparty_member_id)") == [
        ("H02", "T01", "E06", "a", 90, 100, 90, "difference"),
        ("T01", "H02", "E06", "b", 100, 90, 90, "difference"),
    ]
    result = ledger.statement("revenue_expense", period)
    assert result["RE_INCOME"] == (140, -140, 0)
    assert result["RE_EXPENSE"] == (150, -150, 0)
    assert result["IC_DIFF"] == (0, -10, -10)
    assert result["RE_SURPLUS"] == (-10, 0, -10)
    position = ledger.statement("financial_position", period)
    assert position["FP_RECEIVABLE"] == (140, -140, 0)
    assert position["FP_PAYABLE"] == (150, -150, 0)
    assert position["IC_DIFF"] == (0, -10, -10)
    assert position["FP_ASSETS"][2] == position["FP_LIABILITIES_NET_ASSETS"][2] == -10


def test_the_elimination_journal_is_published_entry_by_entry(ledger: Shelf) -> None:
    period = a_ct_use_of_which_the_owner_books_90.period
    assert ledger.tuples(
        "select member_id, account_code, account_name, debit, credit from ledger.elimination "
        f"where period = '{period}' and leg = 'movement' and a_member_id = 'H02' order by all"
    ) == [
        ("ELIM", "IC_DIFF", "内部往来差额", 10, 0),
        ("H02", SERVICE_INCOME, "医联体内部服务收入", 90, 0),
        ("T01", SERVICE_COST, "其他经费-其他运行费用-医联体内部服务费", 0, 100),
    ]


# Every pair of accounts, in every way it can go


class Kind(NamedTuple):
    """A rule on one leg: what sides a (H01) and b (T01) book, and whether side a's line is a debit."""

    rule_id: str
    leg: str
    ic_type: str
    a_account: str
    a_is_debit: bool
    b_account: str


KINDS = (
    Kind("E01", "balance", "receivable", RECEIVABLE, True, PAYABLE),
    Kind("E02", "balance", "advance", "121490", True, "230590"),
    Kind("E04", "movement", "subsidy_down", "5501", True, "4201"),
    Kind("E05", "movement", "remit_up", "5401", True, "4301"),
    Kind("E06", "movement", "service", SERVICE_INCOME, False, SERVICE_COST),
    Kind("E07", "movement", "staff", "460990", False, SERVICE_COST),
    Kind("E08", "movement", "rent", "460590", False, "5001040709"),
    Kind("E13", "balance", "loan", "121803", True, "230703"),
    Kind("E13", "movement", "loan", "590190", True, "460490"),
    Kind("E14", "balance", "cash_pool", "230705", False, "121804"),
    Kind("E15", "movement", "fund_share", "590192", True, "41010103"),
    Kind("E16", "movement", "budget_subsidy", "7501", True, "6201"),
    Kind("E17", "movement", "budget_remit", "7401", True, "6301"),
    Kind("E18", "movement", "budget_service", "610190", False, "720190"),
)


def posted(kind: Kind, side: str, amount: int) -> list[dict[str, Any]]:
    """A voucher of one side; money is the other line."""
    is_debit = kind.a_is_debit == (side == "a")
    account, other = (kind.a_account, "T01") if side == "a" else (kind.b_account, "H01")
    said = {"ic_type": kind.ic_type, "ic_reference": f"{kind.rule_id}-{kind.leg}"}
    money = "8001" if account[0] in "67" else BANK
    signed = amount if is_debit else -amount
    return [internal(account, signed, other, **said), line(money, max(-signed, 0), max(signed, 0))]


@story()
def both_book_the_same(warehouse: Warehouse, periods: list[str]) -> None:
    for member, side in (("H01", "a"), ("T01", "b")):
        book(warehouse, member, *(posted(kind, side, 500) for kind in KINDS), period=periods[0])


@story()
def only_side_a_books(warehouse: Warehouse, periods: list[str]) -> None:
    book(warehouse, "H01", *(posted(kind, "a", 500) for kind in KINDS), period=periods[0])


@story()
def side_b_books_ten_less(warehouse: Warehouse, periods: list[str]) -> None:
    book(warehouse, "H01", *(posted(kind, "a", 500) for kind in KINDS), period=periods[0])
    book(warehouse, "T01", *(posted(kind, "b", 490) for kind in KINDS), period=periods[0])


@story(months=2)
def side_b_books_a_month_later(warehouse: Warehouse, periods: list[str]) -> None:
    carried = book(warehouse, "H01", *(posted(kind, "a", 500) for kind in KINDS), period=periods[0])
    book(warehouse, "H01", period=periods[1], carried=carried)
    book(warehouse, "T01", *(posted(kind, "b", 500) for kind in KINDS), period=periods[1])


def found(ledger: Shelf, period: str) -> list[tuple[Any, ...]]:
    return ledger.tuples(
        "select rule_id, leg, own_amount, counterparty_amount, eliminated_amount, suspense_amount, status "
        f"from ledger.intercompany where period = '{period}' and side = 'a' order by all"
    )


@pytest.mark.parametrize(
    ("told", "b_amount", "status"),
    [
        (both_book_the_same, 500, "matched"),
        (only_side_a_books, 0, "one_sided"),
        (side_b_books_ten_less, 490, "difference"),
    ],
)
def test_every_pair_is_judged_and_taken_out_whole(ledger: Shelf, told: Story, b_amount: int, status: str) -> None:
    """Domain 2.6.2: each rule balanced, one-sided and off by an amount; the larger side's rest is on IC_DIFF."""
    assert found(ledger, told.period) == [
        (kind.rule_id, kind.leg, 500, b_amount, b_amount, 500 - b_amount, status) for kind in sorted(KINDS)
    ]
    left_over = ledger.tuples(
        f"""
        select line_code from ledger.statement_line as lines
        where period = '{told.period}' and consolidated_amount <> 0
            and line_code not in ('FP_CASH', 'FP_CURRENT_SURPLUS', 'IC_DIFF') and statement <> 'cash'
            and line_code not in (
                select adds_into from ledger.statement_line as others
                where others.statement = lines.statement and adds_into is not null
            ) and adds_into is not null
        """
    )
    assert left_over == []


def test_every_pair_that_the_other_side_books_later_is_timing(ledger: Shelf) -> None:
    first, second = side_b_books_a_month_later.periods
    assert {row[:2]: row[-1] for row in found(ledger, first)} == {kind[:2]: "timing" for kind in KINDS}
    assert {row[:2]: row[-1] for row in found(ledger, second)} == {
        kind[:2]: "timing" if kind.leg == "movement" else "matched" for kind in KINDS
    }
    over_both = ledger.tuples(
        "select statement, sum(consolidated_amount) from ledger.statement_line where line_code = 'IC_DIFF' "
        f"and statement in ('revenue_expense', 'budget_execution') and period in ('{first}', '{second}') group by all"
    )
    assert dict(over_both) == {"revenue_expense": 0, "budget_execution": 0}


@story()
def an_insurance_package_is_passed_on(warehouse: Warehouse, periods: list[str]) -> None:
    """The fund pays the lead in advance for all; a part is the township's, which has claims of that much (E14)."""
    (period,) = periods
    package = [line(BANK, 900), line("230590", credit=300), internal("230503", -600, "T02")]
    book(warehouse, "H01", package, period=period)
    book(warehouse, "T02", [internal("12120201", 600, "H01"), line("4101010101", credit=600)], period=period)


def test_a_prepaid_insurance_package_and_the_members_claim_on_it_go_out(ledger: Shelf) -> None:
    period = an_insurance_package_is_passed_on.period
    assert ledger.intercompany(period) == [
        ("H01", "T02", "E14", "a", 600, 600, 600, "matched"),
        ("T02", "H01", "E14", "b", 600, 600, 600, "matched"),
    ]
    position = ledger.statement("financial_position", period)
    assert (position["FP_RECEIVABLE"], position["FP_ADVANCES"]) == ((600, -600, 0), (900, -600, 300))


# Matching


@story()
def a_loan_with_interest(warehouse: Warehouse, periods: list[str]) -> None:
    (period,) = periods
    loan = {"ic_type": "loan", "ic_reference": "L1"}
    book(
        warehouse,
        "H01",
        [internal("121803", 5000, "T03", **loan), line(BANK, credit=5000)],
        [line(BANK, debit="12.34"), internal("460490", "-12.34", "T03", **loan)],
        period=period,
    )
    book(
        warehouse,
        "T03",
        [line(BANK, debit=5000), internal("230703", -5000, "H01", **loan)],
        [internal("590190", "12.34", "H01", **loan), line(BANK, credit="12.34")],
        period=period,
    )


def test_a_loan_is_matched_on_principal_and_on_interest(ledger: Shelf) -> None:
    period = a_loan_with_interest.period
    assert ledger.tuples(
        f"select leg, side, own_amount, status from ledger.intercompany where period = '{period}' order by all"
    ) == [
        ("balance", "a", Decimal("5000.00"), "matched"),
        ("balance", "b", Decimal("5000.00"), "matched"),
        ("movement", "a", Decimal("12.34"), "matched"),
        ("movement", "b", Decimal("12.34"), "matched"),
    ]
    cash = ledger.statement("cash", period)
    assert cash["CF_NET"] == (0, 0, 0)
    assert cash["IC_DIFF"] == (0, 0, 0)


@story()
def the_other_side_is_said_to_book_next_month(warehouse: Warehouse, periods: list[str]) -> None:
    year, month = map(int, periods[0].split("-"))
    after = f"{year}-{month + 1:02d}" if month < 12 else f"{year + 1}-01"
    invoice = {"ic_type": "service", "ic_reference": "R7", "ic_period": after}
    sold = [internal(RECEIVABLE, 80, "T01", **invoice), internal(SERVICE_INCOME, -80, "T01", **invoice)]
    book(warehouse, "H01", sold, period=periods[0])


def test_what_the_other_side_books_next_month_is_timing(ledger: Shelf) -> None:
    period = the_other_side_is_said_to_book_next_month.period
    assert ledger.statuses(period) == {"timing"}
    assert ledger.statement("revenue_expense", period)["IC_DIFF"] == (0, 80, 80)


@story()
def a_service_booked_against_the_wrong_member(warehouse: Warehouse, periods: list[str]) -> None:
    service = {"ic_type": "service"}
    sold = [internal(RECEIVABLE, 70, "T01", **service), internal(SERVICE_INCOME, -70, "T01", **service)]
    bought = [internal(SERVICE_COST, 70, "H02", **service), internal(PAYABLE, -70, "H02", **service)]
    book(warehouse, "H01", sold, period=periods[0])
    book(warehouse, "T01", bought, period=periods[0])


def test_booked_against_the_wrong_member_is_said(ledger: Shelf) -> None:
    period = a_service_booked_against_the_wrong_member.period
    assert ledger.statuses(period) == {"wrong_counterparty"}
    result = ledger.statement("revenue_expense", period)
    assert result["RE_INCOME"][2] == result["RE_EXPENSE"][2] == result["IC_DIFF"][2] == 0


@story()
def one_fen_apart(warehouse: Warehouse, periods: list[str]) -> None:
    book(warehouse, "H01", [internal(RECEIVABLE, "100.01", "T01"), line(BANK, credit="100.01")], period=periods[0])
    book(warehouse, "T01", [line(BANK, debit=100), internal(PAYABLE, -100, "H01")], period=periods[0])


def test_one_fen_of_tolerance_is_still_visible(ledger: Shelf) -> None:
    assert ledger.statuses(one_fen_apart.period) == {"matched"}
    position = ledger.statement("financial_position", one_fen_apart.period)
    assert position["IC_DIFF"] == (0, Decimal("0.01"), Decimal("0.01"))


def sold(amount: int, buyer: str, reference: str | None = None) -> list[dict[str, Any]]:
    said = {"ic_type": "service", "ic_reference": reference}
    return [internal(RECEIVABLE, amount, buyer, **said), internal(SERVICE_INCOME, -amount, buyer, **said)]


def bought(amount: int, seller: str, reference: str | None = None) -> list[dict[str, Any]]:
    said = {"ic_type": "service", "ic_reference": reference}
    return [internal(SERVICE_COST, amount, seller, **said), internal(PAYABLE, -amount, seller, **said)]


@story(months=3)
def a_contract_that_is_billed_each_month(warehouse: Warehouse, periods: list[str]) -> None:
    """T01 misses the second month of three. T02 books one of two equal amounts a month later, without a document."""
    first, second, third = periods
    for period in periods:
        sales = [sold(100, "T01", "CONTRACT"), *([sold(70, "T02"), sold(70, "T02")] if period == first else [])]
        book(warehouse, "H01", *sales, period=period)
    book(warehouse, "T01", bought(100, "H01", "CONTRACT"), period=first)
    book(warehouse, "T01", bought(100, "H01", "CONTRACT"), period=third)
    for period in (first, second):
        book(warehouse, "T02", bought(70, "H01"), period=period)


def test_what_is_answered_in_its_own_month_answers_no_other(ledger: Shelf) -> None:
    def judged(period: str, buyer: str) -> list[tuple[Any, ...]]:
        where = f"counterparty_member_id = '{buyer}' and side = 'a' and leg = 'movement'"
        return [(row[4], row[5], row[7]) for row in ledger.intercompany(period, where)]

    first, second, third = a_contract_that_is_billed_each_month.periods
    assert [judged(period, "T01") for period in (first, second, third)] == [
        [(100, 100, "matched")], [(100, 0, "one_sided")], [(100, 100, "matched")],
    ]  # fmt: skip
    assert [judged(period, "T02") for period in (first, second)] == [[(140, 70, "timing")], [(0, 70, "timing")]]
    # What is owed says the same, and names the document.
    owed = "member_id = 'H01' and leg = 'balance' and difference > 0"
    columns = "counterparty_member_id, difference, status, open_reference"
    where = f"period in ('{first}', '{second}') and {owed}"
    assert ledger.tuples(f"select {columns} from ledger.intercompany where {where} order by period") == [
        ("T02", 70, "timing", None),
        ("T01", 100, "one_sided", "CONTRACT"),
    ]


@story()
def business_of_every_shape(warehouse: Warehouse, periods: list[str]) -> None:
    """Round in a circle; one document for two services; one voucher against two; booked and taken back in red; claims
    in credit."""
    (period,) = periods
    said = {"ic_type": "service"}
    red = [
        line(RECEIVABLE, -25, counterparty_member_id="T03", **said),
        line(SERVICE_INCOME, credit=-25, counterparty_member_id="T03", **said),
    ]
    paid_too_much = [line(BANK, 30), internal(RECEIVABLE, -30, "T04")]
    sales = [sold(60, "H02", "TWICE"), sold(40, "H02", "TWICE"), sold(90, "T02"), sold(25, "T03"), red, paid_too_much]
    book(warehouse, "H01", sold(10, "T01"), *sales, bought(10, "H03"), period=period)
    book(warehouse, "T01", bought(10, "H01"), sold(10, "H03"), period=period)
    book(warehouse, "H03", bought(10, "T01"), sold(10, "H01"), period=period)
    book(warehouse, "H02", bought(100, "H01", "TWICE"), period=period)
    book(warehouse, "T02", bought(50, "H01"), bought(40, "H01"), period=period)
    book(warehouse, "T04", [internal(PAYABLE, 30, "H01"), line(BANK, credit=30)], period=period)


def test_business_of_every_shape_goes_out_whole(ledger: Shelf) -> None:
    period = business_of_every_shape.period
    assert ledger.statuses(period) == {"matched"}
    eliminated = {(row[0], row[1]): row[6] for row in ledger.intercompany(period, "leg = 'movement' and side = 'a'")}
    assert eliminated == {
        ("H01", "T01"): 10, ("T01", "H03"): 10, ("H03", "H01"): 10, ("H01", "H02"): 100, ("H01", "T02"): 90,
        ("H01", "T03"): 0,
    }  # fmt: skip
    position, result = ledger.statement("financial_position", period), ledger.statement("revenue_expense", period)
    assert (result["RE_INCOME"], result["RE_EXPENSE"]) == ((220, -220, 0), (220, -220, 0))
    assert (position["FP_RECEIVABLE"], position["FP_PAYABLE"]) == ((190, -190, 0), (190, -190, 0))
    assert position["IC_DIFF"] == result["IC_DIFF"] == (0, 0, 0)


@story()
def lines_without_a_type(warehouse: Warehouse, periods: list[str]) -> None:
    book(warehouse, "H01", [line(BANK, debit=30), internal("460990", -30, "T01")], period=periods[0])
    book(warehouse, "T01", [internal(SERVICE_COST, 30, "H01"), line(BANK, credit=30)], period=periods[0])


def test_lines_without_a_type_find_the_rule_that_the_other_side_answers(ledger: Shelf) -> None:
    assert ledger.intercompany(lines_without_a_type.period) == [
        ("H01", "T01", "E07", "a", 30, 30, 30, "matched"),
        ("T01", "H01", "E07", "b", 30, 30, 30, "matched"),
    ]


@story()
def business_that_no_rule_knows(warehouse: Warehouse, periods: list[str]) -> None:
    grant = [line(BANK, debit=8), internal("4601", -8, "T01")]
    book(warehouse, "H01", grant, [internal("8202", 1, "T01"), line("8001", credit=1)], period=periods[0])


def test_internal_business_without_a_rule_is_listed(ledger: Shelf) -> None:
    period = business_that_no_rule_knows.period
    assert ledger.tuples(
        "select leg, account_code, amount from intermediate.int_ledger__intercompany_uncovered "
        f"where period = '{period}'"
    ) == [("movement", "4601", -8)]


# Statements


@story()
def books_that_are_closed(warehouse: Warehouse, periods: list[str]) -> None:
    book(
        warehouse,
        "H01",
        [line(BANK, debit=500), line("4101010101", credit=500), line("8001", 500), line("610101", credit=500)],
        [line("720104", 200), line("8001", credit=200)],
        [line("4101010101", debit=500), line("3301", credit=500)],
        [line("610101", debit=500), line("720104", credit=200), line("8202", credit=300)],
        period=periods[0],
    )


def test_closing_vouchers_are_kept_and_move_no_revenue(ledger: Shelf) -> None:
    period = books_that_are_closed.period
    assert ledger.tuples(f"select count(*) from ledger.entry where is_closing and period = '{period}'") == [(2,)]
    assert ledger.statement("revenue_expense", period)["RE_OUTPATIENT"] == (500, 0, 500)
    position = ledger.statement("financial_position", period)
    assert position["FP_CURRENT_SURPLUS"][0] == position["FP_CASH"][0] == 500


def test_the_budgetary_side_has_its_own_statement_without_what_closes_it(ledger: Shelf) -> None:
    budget = ledger.statement("budget_execution", books_that_are_closed.period)
    assert (budget["BE_SERVICE"][2], budget["BE_SERVICE_OUTLAY"][2], budget["BE_BALANCE"][2]) == (500, 200, 300)


def two_years(warehouse: Warehouse) -> None:
    """Income of 10, 20, 30 and 40 in four months of two calendar years."""
    for period, amount in (("2025-02", 10), ("2026-01", 20), ("2026-02", 30), ("2026-03", 40)):
        book(warehouse, "H02", [line(BANK, debit=amount), line("4101010101", credit=amount)], period=period)


def test_a_statement_shows_the_year_so_far_and_the_same_month_a_year_before(ledger: Shelf) -> None:
    columns = "period, year_to_date_from, year_to_date_amount, comparative_period, comparative_amount"
    wanted = [
        ("2025-02", "2025-02", 10, None, None),
        ("2026-01", "2026-01", 20, None, None),
        ("2026-02", "2026-01", 50, "2025-02", 10),
        ("2026-03", "2026-01", 90, None, None),
    ]
    for mart in ("statement_line", "statement_by_member"):
        where = "line_code = 'RE_INCOME' and period < '2027'"
        assert ledger.tuples(f"select {columns} from ledger.{mart} where {where} order by period") == wanted
        where = "line_code = 'FP_CASH' and period = '2026-02'"
        assert ledger.tuples(f"select {columns} from ledger.{mart} where {where}") == [
            ("2026-02", None, None, "2025-02", 10)
        ]


@story()
def a_townships_week(warehouse: Warehouse, periods: list[str]) -> None:
    (period,) = periods
    first, second = {"posting_date": f"{period}-03"}, {"posting_date": f"{period}-04"}
    income = [line(BANK, 90, **first), line("4101010101", credit=90, **first)]
    cost = [line("5001", 40, **second), line(BANK, credit=40, **second)]
    for member in ("T04", "H02"):
        book(warehouse, member, income, cost, period=period)
    charge = {"charge_id": "C1", "encounter_id": "E1", "charged_at": f"{period}-03T09:00:00", "amount": 95}
    warehouse.deliver("charge_lines", "T04", period, [charge])


def test_a_township_has_a_statement_a_day(ledger: Shelf) -> None:
    """S5-FIN-03; a hospital has none."""
    period = a_townships_week.period
    columns = "member_id, posting_date::varchar, income_amount, expense_amount, surplus_amount, charged_amount"
    assert ledger.tuples(f"select {columns} from ledger.daily_statement where period = '{period}' order by all") == [
        ("T04", f"{period}-03", 90, 0, 90, 95),
        ("T04", f"{period}-04", 0, 40, -40, 0),
    ]


# Maps and checks of a member's own books


@story(months=2)
def a_map_that_changes(warehouse: Warehouse, periods: list[str]) -> None:
    for period in periods:
        voucher = [line("77020101", 5), line("7703", 1), line("8801", 2), line("3001", credit=8)]
        book(warehouse, "H01", voucher, period=period)


def test_the_longest_prefix_in_force_wins_and_the_member_before_its_vendor(ledger: Shelf) -> None:
    before, after = a_map_that_changes.periods
    assert ledger.tuples(
        "select period, local_account_code, account_code from ledger.entry "
        f"where debit > 0 and local_account_code like '77%' and period in ('{before}', '{after}') order by all"
    ) == [(before, "77020101", "1212"), (before, "7703", "1001"), (after, "77020101", "1011"), (after, "7703", "1001")]


def test_an_account_that_changes_its_type_within_the_year_is_listed(ledger: Shelf) -> None:
    before, after = a_map_that_changes.periods
    assert before[:4] == after[:4]
    assert issues(ledger, after) == [("H01", "account_changed_type", "8801", None, None)]
    assert ledger.tuples(
        f"select account_code from ledger.entry where local_account_code = '8801' and period >= '{before}' "
        "order by period"
    ) == [("1212",), ("5001",)]


@story()
def an_account_nobody_maps(warehouse: Warehouse, periods: list[str]) -> None:
    book(warehouse, "H01", [line(BANK, debit=9), line("ZZ99", credit=9)], period=periods[0])


def test_an_unmapped_account_is_listed_and_kept_out_of_the_entries(ledger: Shelf) -> None:
    period = an_account_nobody_maps.period
    assert ledger.tuples(
        "select period, member_id, local_account_code, amount, lines from ledger.unmapped_account"
    ) == [(period, "H01", "ZZ99", 9, 1)]
    assert ledger.tuples(f"select count(*) from ledger.entry where period = '{period}'") == [(1,)]


@story(months=2)
def books_beside_payroll_and_bank(warehouse: Warehouse, periods: list[str]) -> None:
    before, period = periods
    book(warehouse, "H01", [line(BANK, debit=700), line("3001", credit=700)], period=before)
    pay = [line("5001040101", debit=300), line(BANK, credit=300)]
    opening = [line(BANK, debit=690), line("3001", credit=690)]
    book(warehouse, "H01", pay, period=period, opening=opening)
    paid = [{"person_id": "P1", "role": "doctor", "base_pay": 200, "performance_pay": 99}]
    warehouse.deliver("payroll", "H01", period, paid)
    out = {"movement_id": "C1", "direction": "out", "amount": 300, "account_kind": "operating", "category": "payroll"}
    warehouse.deliver("cash_movements", "H01", period, [out])


def test_reconciliation_has_a_row_only_for_what_is_delivered(ledger: Shelf) -> None:
    assert ledger.tuples(
        "select check_name, left_amount, right_amount, difference, is_ok, tolerance, severity "
        f"from ledger.reconciliation where period = '{books_beside_payroll_and_bank.period}' order by all"
    ) == [
        ("cash_vs_bank", -300, -300, 0, True, Decimal("1.50"), "warning"),
        ("gl_vs_trial_balance", 600, 600, 0, True, 0, "error"),
        ("opening_vs_last_closing", 1380, 1400, -20, False, 0, "warning"),
        ("payroll_vs_labour", 300, 299, 1, False, Decimal("1.50"), "warning"),
        ("trial_balance_roll", 1380, 1380, 0, True, 0, "error"),
        ("voucher_balance", 300, 300, 0, True, 0, "error"),
    ]


@story()
def vouchers_that_only_balance_together(warehouse: Warehouse, periods: list[str]) -> None:
    rows = [
        {"voucher_no": "V1", "line_no": 1} | line(BANK, debit=10),
        {"voucher_no": "V2", "line_no": 1} | line(BANK, credit=10),
    ]
    warehouse.deliver("gl_entries", "H01", periods[0], rows)


def test_a_voucher_that_does_not_balance_is_not_hidden_by_another(ledger: Shelf) -> None:
    period = vouchers_that_only_balance_together.period
    checks = f"check_name = 'voucher_balance' and period = '{period}'"
    assert ledger.tuples(f"select difference, is_ok from ledger.reconciliation where {checks}") == [(0, False)]


def issues(ledger: Shelf, period: str) -> list[tuple[Any, ...]]:
    return ledger.tuples(
        f"select member_id, issue, subject, amount, lines from ledger.issue where period = '{period}' order by all"
    )


@story()
def books_with_something_wrong(warehouse: Warehouse, periods: list[str]) -> None:
    (period,) = periods
    book(
        warehouse,
        "H01",
        [internal(RECEIVABLE, 10, "H01"), line("4101010101", credit=10)],
        [internal(RECEIVABLE, 20, "X99"), line("4101010101", credit=20)],
        [line("5001", 30, posting_date="2026-12-31"), line(BANK, credit=30, posting_date="2026-12-31")],
        [line("5001", 40), line("1001", credit=40)],
        [line("5001", 40), line("1001", credit=40)],
        [line("5001", 40, summary="another one"), line("1001", credit=40)],
        period=period,
    )


def test_what_is_wrong_in_a_members_books_is_named(ledger: Shelf) -> None:
    """Self-dealing, nobody's counterparty, a day outside the month, a voucher twice, cash below nothing."""
    period = books_with_something_wrong.period
    assert issues(ledger, period) == [
        ("H01", "dated_outside_period", "V3", 30, 2),
        ("H01", "impossible_balance", "1001", -120, None),
        ("H01", "impossible_balance", BANK, -30, None),
        ("H01", "repeated_voucher", "V5", 40, 2),
        ("H01", "self_dealing", "H01", 10, 1),
        ("H01", "unknown_counterparty", "X99", 20, 1),
    ]
    assert ledger.intercompany(period) == []
    assert ledger.statement("financial_position", period)["FP_RECEIVABLE"] == (30, 0, 30)


@story(months=3)
def somebody_joins_and_somebody_leaves(warehouse: Warehouse, periods: list[str]) -> None:
    """V01 joins and H03 leaves in the second month; both trade with H01 throughout."""
    for period in periods:
        for other in ("V01", "H03"):
            book(warehouse, other, [internal(SERVICE_COST, 5, "H01"), internal(PAYABLE, -5, "H01")], period=period)
        sales = [[internal(RECEIVABLE, 5, other), internal(SERVICE_INCOME, -5, other)] for other in ("V01", "H03")]
        book(warehouse, "H01", *sales, period=period)


def test_a_member_counts_from_the_month_it_joins_to_the_month_it_leaves(ledger: Shelf) -> None:
    before, between, after = somebody_joins_and_somebody_leaves.periods
    income = {period: ledger.statement("revenue_expense", period)["RE_INCOME"] for period in (before, between, after)}
    assert income == {before: (10, -5, 5), between: (10, -10, 0), after: (10, -5, 5)}
    expense = {period: ledger.statement("revenue_expense", period)["RE_EXPENSE"] for period in income}
    assert expense == {before: (5, -5, 0), between: (10, -10, 0), after: (5, -5, 0)}
    assert issues(ledger, between) == []
    assert issues(ledger, before) == [
        ("H01", "counterparty_outside_consortium", "V01", 10, 2),
        ("V01", "outside_consortium", "V01", None, None),
    ]
    assert [row[:3] for row in issues(ledger, after)] == [
        ("H01", "counterparty_outside_consortium", "H03"),
        ("H03", "outside_consortium", "H03"),
    ]


@story(months=2)
def a_ward_is_merged(warehouse: Warehouse, periods: list[str]) -> None:
    """D1 bears cost in the first month, D2, which takes most of it over, in both."""
    for period, bearers in zip(periods, (("D1", "D2"), ("D2",)), strict=True):
        wards = [
            {"dept_code": code, "dept_name": "病区", "dept_class": "clinical", "beds_open": 9} for code in ("D1", "D2")
        ]
        warehouse.deliver("departments", "H01", period, wards)
        cost = [[line("5001040101", 10, dept_code=code), line(BANK, credit=10)] for code in bearers]
        book(warehouse, "H01", *cost, period=period)


def test_a_merged_departments_codes_keep_their_history(ledger: Shelf) -> None:
    """S1-COST-01, domain 2.5: the code ends the month before, and says what replaces it."""
    first, _ = a_ward_is_merged.periods
    assert ledger.tuples(
        "select unified_code, valid_from, valid_to, replaced_by from core.unified_cost_code "
        "where dept_code is not null and member_id = 'H01' order by all"
    ) == [
        ("33052301-L001-1I000001-101001", first, first, "33052301-L001-1I000002-101001"),
        ("33052301-L001-1I000002-101001", first, None, None),
    ]


# The last story: what it leaves open stands in every later month.


@story(months=2)
def lasting_business_that_does_not_agree(warehouse: Warehouse, periods: list[str]) -> None:
    """Free transfers unbooked, ten short and a month late (E11); a gain on an asset that the buyer doesn't have, an
    investment that nobody's equity answers, an allowance without its expense (E10, E12, E03)."""
    given = {"H01": ("T01", 500), "H02": ("T02", 500), "T03": ("H02", 500)}
    taken = {"T02": ("H02", 490, 0), "H02": ("T03", 500, 1)}
    said = {"ic_type": "free_transfer"}
    carried: dict[str, Any] = {}
    for place, period in enumerate(periods):
        books: dict[str, list[Any]] = {each: [] for each in ("H01", "H02", "T01", "T02", "T03", "T04")}
        if place == 0:
            for member, (other, amount) in given.items():
                gone = internal("340190", amount, other, ic_reference=f"{member}-{other}", **said)
                books[member].append([gone, line("160102", credit=amount)])
            sold = internal("460990", -30, "T02", ic_type="asset_sale")
            books["H01"].append([line(BANK, 124), line("160102", credit=94), sold])
            books["H01"].append([internal("150190", 80, "T03"), line(BANK, credit=80)])
            books["H01"].append([line("3001", 5), internal("121990", -5, "T04", ic_type="allowance")])
        for member, (other, amount, month) in taken.items():
            if month == place:
                come = internal("340190", -amount, other, ic_reference=f"{other}-{member}", **said)
                books[member].append([line("160102", amount), come])
        for member, vouchers in books.items():
            more = [line(BANK, 1), line("3001", credit=1)]
            carried[member] = book(warehouse, member, *vouchers, more, period=period, carried=carried.get(member))


def test_lasting_business_that_does_not_agree_is_named_and_on_the_suspense_line(ledger: Shelf) -> None:
    first, second = lasting_business_that_does_not_agree.periods
    columns = "rule_id, member_id, counterparty_member_id, own_amount, counterparty_amount, suspense_amount, status"

    def told(period: str) -> list[tuple[Any, ...]]:
        where = f"period = '{period}' and own_amount > 0 and leg = 'movement'"
        return ledger.tuples(f"select {columns} from ledger.intercompany where {where} order by all")

    assert told(first) == [
        ("E03", "H01", "T04", 5, 0, 5, "one_sided"),
        ("E10", "H01", "T02", 30, 0, 30, "one_sided"),
        ("E11", "H01", "T01", 500, 0, 500, "one_sided"),
        ("E11", "H02", "T02", 500, 490, 10, "difference"),
        ("E11", "T02", "H02", 490, 500, 0, "difference"),
        ("E11", "T03", "H02", 500, 0, 500, "timing"),
        ("E12", "H01", "T03", 80, 0, 80, "one_sided"),
    ]
    assert told(second) == [("E11", "H02", "T03", 500, 0, 500, "timing")]
    shown = {period: ledger.statement("financial_position", period) for period in (first, second)}
    # 500 + 10 + 500 of transfers, 80 of the investment; 30 of the gain and 5 of the allowance stand the other way.
    assert {period: lines["IC_DIFF"][2] for period, lines in shown.items()} == {first: 1055, second: 555}
    for lines in shown.values():
        assert lines["FP_ASSETS"][2] == lines["FP_LIABILITIES_NET_ASSETS"][2]
        assert (lines["FP_FREE_TRANSFERS"][2], lines["FP_EQUITY_INVESTMENT"][2]) == (0, 0)


def test_a_form_without_a_suspense_line_gets_one(warehouse: Warehouse) -> None:
    def form(code: str, sign: int, total: str | None, prefixes: str | None = None) -> dict[str, Any]:
        names = {"statement": "financial_position", "line_code": code, "line_name_zh": code, "line_name_en": code}
        return names | {"line_order": ord(code[0]), "sign": sign, "adds_into": total, "account_prefixes": prefixes}

    lines = [form("A1", 1, "C", "1"), form("C", 1, None), form("L1", -1, "T", "2|3|4|5"), form("T", -1, None)]
    warehouse.refer("statement_lines", lines)
    chart(warehouse, sorted(CODES))
    book(warehouse, "H01", [internal(RECEIVABLE, 100, "T02"), line(BANK, credit=100)], period="2026-10")
    book(warehouse, "T02", [line(BANK, debit=90), internal(PAYABLE, -90, "H01")], period="2026-10")
    warehouse.build("+ledger__statement_line")
    assert Shelf(warehouse.database).statement("financial_position", "2026-10") == {
        "A1": (90, -100, -10),
        "IC_DIFF": (0, 10, 10),
        "C": (90, -90, 0),
        "L1": (90, -90, 0),
        "T": (90, -90, 0),
    }
