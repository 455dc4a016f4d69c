"""The ledger of the consortium: one chart, internal business out, nothing plugged (S5-FIN-01, S5-FIN-02)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

OCTOBER = "2026-10"
BANK, RECEIVABLE, PAYABLE, POOL = "1002", "121290", "230290", "310103"
SERVICE_INCOME, SERVICE_COST = "410190", "5001040708"
Line = Mapping[str, Any]


def line(account: str, debit: Any = 0, credit: Any = 0, **more: Any) -> dict[str, Any]:
    return {"account_code": account, "debit": debit, "credit": credit, "fund_source": "own"} | more


def internal(account: str, amount: Any, other: str, **more: Any) -> dict[str, Any]:
    """A line that names another member; a negative amount is a credit."""
    value = Decimal(str(amount))
    sides = {"debit": max(value, Decimal(0)), "credit": max(-value, Decimal(0))}
    return line(account, **sides, counterparty_member_id=other, **more)


def book(
    warehouse: Warehouse, member: str, *vouchers: Sequence[Line], period: str = OCTOBER, opening: Sequence[Line] = ()
) -> None:
    """Delivers a member's vouchers and the trial balance that follows from them, by account and counterparty."""
    entries: list[dict[str, Any]] = []
    balances: dict[tuple[str, str | None], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for row in opening:
        balances[row["account_code"], row.get("counterparty_member_id")][0] += Decimal(str(row["debit"])) - Decimal(
            str(row["credit"])
        )
    for number, voucher in enumerate(vouchers, start=1):
        assert sum(Decimal(str(row["debit"])) - Decimal(str(row["credit"])) for row in voucher) == 0, voucher
        for position, row in enumerate(voucher, start=1):
            entries.append({"voucher_no": f"V{number}", "line_no": position} | dict(row))
            kept = balances[row["account_code"], row.get("counterparty_member_id")]
            kept[1] += Decimal(str(row["debit"]))
            kept[2] += Decimal(str(row["credit"]))
    rows = [
        {
            "account_code": account,
            "counterparty_member_id": other,
            "opening_balance": before,
            "debit": debit,
            "credit": credit,
            "closing_balance": before + debit - credit,
        }
        for (account, other), (before, debit, credit) in balances.items()
    ]
    warehouse.deliver("gl_entries", member, period, entries)
    warehouse.deliver("trial_balance", member, period, rows)


@pytest.fixture
def ledger(warehouse: Warehouse) -> Warehouse:
    """A consortium whose members keep the unified chart's own codes."""
    codes = {
        BANK,
        "1001",
        "1212",
        RECEIVABLE,
        PAYABLE,
        POOL,
        SERVICE_INCOME,
        SERVICE_COST,
        "3301",
        "3001",
        "4101",
        "5001",
    }
    codes |= {"2302", "121803", "230703", "460490", "590190", "460990", "4201", "5501", "340190", "5001040101", "1302"}
    codes |= {"4101010101", "5301", "160102", "6101", "8001", "121990", "590191"}
    warehouse.refer(
        "account_map",
        [
            {"vendor_or_member": "*", "local_account_pattern": code, "account_code": code, "valid_from": "2020-01-01"}
            for code in sorted(codes)
        ],
    )
    return warehouse


def build(ledger: Warehouse) -> None:
    ledger.build("+path:models/marts/ledger", "+path:models/intermediate/ledger")


def statement(ledger: Warehouse, name: str, period: str = OCTOBER) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    rows = ledger.rows(
        "select line_code, aggregate_amount, elimination_amount, consolidated_amount from ledger.statement_line "
        f"where statement = '{name}' and period = '{period}'"
    )
    return {row.pop("line_code"): tuple(row.values()) for row in rows}


def intercompany(ledger: Warehouse, where: str = "true") -> list[tuple[Any, ...]]:
    rows = ledger.rows(
        "select member_id, counterparty_member_id, rule_id, side, own_amount, counterparty_amount, eliminated_amount, "
        f"status from ledger.intercompany where {where} order by all"
    )
    return [tuple(row.values()) for row in rows]


def a_ct_use(ledger: Warehouse, owner_books: int) -> None:
    """TC-01: a township patient on the hospital's CT. 100 to the owner, 50 to the cost pool the lead keeps."""
    reference = {"ic_type": "service", "ic_reference": "CT-1"}
    pool = {"ic_type": "service", "ic_reference": "POOL-1"}
    book(
        ledger,
        "T01",
        [internal(SERVICE_COST, 100, "H02", **reference), internal(PAYABLE, -100, "H02", **reference)],
        [internal(SERVICE_COST, 50, "H01", **pool), internal(PAYABLE, -50, "H01", **pool)],
    )
    book(
        ledger,
        "H02",
        [
            internal(RECEIVABLE, owner_books, "T01", **reference),
            internal(SERVICE_INCOME, -owner_books, "T01", **reference),
        ],
    )
    book(ledger, "H01", [internal(RECEIVABLE, 50, "T01", **pool), internal(SERVICE_INCOME, -50, "T01", **pool)])


def test_tc_79_internal_cost_and_income_are_eliminated_to_nothing(ledger: Warehouse) -> None:
    a_ct_use(ledger, owner_books=100)
    build(ledger)
    result = statement(ledger, "revenue_expense")
    assert result["RE_INCOME"] == (150, -150, 0)
    assert result["RE_EXPENSE"] == (150, -150, 0)
    assert result["IC_DIFF"] == (0, 0, 0)
    assert {row[-1] for row in intercompany(ledger)} == {"matched"}


def test_tc_79_what_the_owner_booked_less_is_listed_not_plugged(ledger: Warehouse) -> None:
    a_ct_use(ledger, owner_books=90)
    build(ledger)
    assert intercompany(ledger, "leg = 'movement' and 'H02' in (member_id, counterparty_member_id)") == [
        ("H02", "T01", "E06", "a", 90, 100, 90, "difference"),
        ("T01", "H02", "E06", "b", 100, 90, 90, "difference"),
    ]
    result = statement(ledger, "revenue_expense")
    assert result["RE_INCOME"] == (140, -140, 0)
    assert result["RE_EXPENSE"] == (150, -150, 0)
    assert result["IC_DIFF"] == (0, -10, -10)
    assert result["RE_SURPLUS"] == (-10, 0, -10)
    position = statement(ledger, "financial_position")
    assert position["FP_RECEIVABLE"] == (140, -140, 0)
    assert position["FP_PAYABLE"] == (150, -150, 0)
    assert position["IC_DIFF"] == (0, -10, -10)
    assert position["FP_ASSETS"][2] == position["FP_LIABILITIES_NET_ASSETS"][2] == -10


def test_a_receivable_of_100_against_a_payable_of_90_leaves_10_on_ic_diff(ledger: Warehouse) -> None:
    book(ledger, "H01", [internal(RECEIVABLE, 100, "T02"), line(BANK, credit=100)])
    book(ledger, "T02", [line(BANK, debit=90), internal(PAYABLE, -90, "H01")])
    build(ledger)
    position = statement(ledger, "financial_position")
    assert (position["FP_RECEIVABLE"], position["FP_PAYABLE"], position["IC_DIFF"]) == (
        (100, -100, 0),
        (90, -90, 0),
        (0, 10, 10),
    )
    assert intercompany(ledger) == [
        ("H01", "T02", "E01", "a", 100, 90, 90, "difference"),
        ("T02", "H01", "E01", "b", 90, 100, 90, "difference"),
    ]


def test_an_accepted_difference_stands_on_the_suspense_line_and_does_not_vanish(ledger: Warehouse) -> None:
    """A published exercise (A. White, Direct Consolidation): 1,750 of receivables + 50 suspense = 1,800 of payables."""
    rule = {"rule_id": "E01", "ic_type": "receivable", "basis": "balance", "tolerance_rel": 0, "tolerance_abs": 50}
    accounts = {"debit_account_prefixes": "2302", "credit_account_prefixes": "1212", "side_a": "credit"}
    ledger.refer("elimination_rules", [rule | accounts])
    book(ledger, "H01", opening=[internal(RECEIVABLE, 150, "T01"), line("1212", 1750), line("2302", credit=1900)])
    book(ledger, "T01", opening=[internal(PAYABLE, -100, "H01"), line("2302", 100)])
    build(ledger)
    position = statement(ledger, "financial_position")
    assert (position["FP_RECEIVABLE"][2], position["IC_DIFF"][2], position["FP_PAYABLE"][2]) == (1750, 50, 1800)
    assert {row[-1] for row in intercompany(ledger)} == {"matched"}


def test_a_loan_is_matched_on_principal_and_on_interest(ledger: Warehouse) -> None:
    loan = {"ic_type": "loan", "ic_reference": "L1"}
    book(
        ledger,
        "H01",
        [internal("121803", 5000, "T03", **loan), line(BANK, credit=5000)],
        [line(BANK, debit="12.34"), internal("460490", "-12.34", "T03", **loan)],
    )
    book(
        ledger,
        "T03",
        [line(BANK, debit=5000), internal("230703", -5000, "H01", **loan)],
        [internal("590190", "12.34", "H01", **loan), line(BANK, credit="12.34")],
    )
    build(ledger)
    assert ledger.rows(
        "select leg, side, own_amount, status from ledger.intercompany where rule_id = 'E13' order by all"
    ) == [
        {"leg": "balance", "side": "a", "own_amount": Decimal("5000.00"), "status": "matched"},
        {"leg": "balance", "side": "b", "own_amount": Decimal("5000.00"), "status": "matched"},
        {"leg": "movement", "side": "a", "own_amount": Decimal("12.34"), "status": "matched"},
        {"leg": "movement", "side": "b", "own_amount": Decimal("12.34"), "status": "matched"},
    ]
    cash = statement(ledger, "cash")
    assert cash["CF_NET"] == (0, 0, 0)
    assert cash["IC_DIFF"] == (0, 0, 0)


def test_what_the_other_side_books_next_month_is_timing(ledger: Warehouse) -> None:
    invoice = {"ic_type": "service", "ic_reference": "R7"}
    book(
        ledger,
        "H01",
        [
            internal(RECEIVABLE, 80, "T01", **invoice, ic_period="2026-11"),
            internal(SERVICE_INCOME, -80, "T01", **invoice, ic_period="2026-11"),
        ],
    )
    build(ledger)
    assert {row[-1] for row in intercompany(ledger)} == {"timing"}
    assert statement(ledger, "revenue_expense")["IC_DIFF"] == (0, 80, 80)


def test_a_reference_booked_a_month_later_is_timing_in_both_months(ledger: Warehouse) -> None:
    invoice = {"ic_type": "service", "ic_reference": "R8"}
    book(
        ledger,
        "H01",
        [internal(RECEIVABLE, 80, "T01", **invoice), internal(SERVICE_INCOME, -80, "T01", **invoice)],
        period="2026-09",
    )
    book(ledger, "T01", [internal(SERVICE_COST, 80, "H01", **invoice), internal(PAYABLE, -80, "H01", **invoice)])
    book(ledger, "H01", opening=[internal(RECEIVABLE, 80, "T01")])
    build(ledger)
    statuses = ledger.rows("select distinct period, leg, status from ledger.intercompany order by all")
    assert [tuple(row.values()) for row in statuses] == [
        ("2026-09", "balance", "timing"),
        ("2026-09", "movement", "timing"),
        ("2026-10", "balance", "matched"),
        ("2026-10", "movement", "timing"),
    ]


def test_booked_against_the_wrong_member_is_said(ledger: Warehouse) -> None:
    book(
        ledger,
        "H01",
        [internal(RECEIVABLE, 70, "T01", ic_type="service"), internal(SERVICE_INCOME, -70, "T01", ic_type="service")],
    )
    book(
        ledger,
        "T01",
        [internal(SERVICE_COST, 70, "H02", ic_type="service"), internal(PAYABLE, -70, "H02", ic_type="service")],
    )
    build(ledger)
    assert {row[-1] for row in intercompany(ledger)} == {"wrong_counterparty"}
    result = statement(ledger, "revenue_expense")
    assert result["RE_INCOME"][2] == result["RE_EXPENSE"][2] == result["IC_DIFF"][2] == 0


def test_one_fen_of_tolerance_is_still_visible(ledger: Warehouse) -> None:
    book(ledger, "H01", [internal(RECEIVABLE, "100.01", "T01"), line(BANK, credit="100.01")])
    book(ledger, "T01", [line(BANK, debit=100), internal(PAYABLE, -100, "H01")])
    build(ledger)
    assert {row[-1] for row in intercompany(ledger)} == {"matched"}
    assert statement(ledger, "financial_position")["IC_DIFF"] == (0, Decimal("0.01"), Decimal("0.01"))


def test_lines_without_a_type_find_the_rule_that_the_other_side_answers(ledger: Warehouse) -> None:
    book(ledger, "H01", [line(BANK, debit=30), internal("460990", -30, "T01")])
    book(ledger, "T01", [internal(SERVICE_COST, 30, "H01"), line(BANK, credit=30)])
    build(ledger)
    assert intercompany(ledger) == [
        ("H01", "T01", "E07", "a", 30, 30, 30, "matched"),
        ("T01", "H01", "E07", "b", 30, 30, 30, "matched"),
    ]


def test_closing_vouchers_are_kept_and_move_no_revenue(ledger: Warehouse) -> None:
    book(
        ledger,
        "H01",
        [line(BANK, debit=500), line("4101010101", credit=500)],
        [line("4101010101", debit=500), line("3301", credit=500)],
    )
    build(ledger)
    assert ledger.one("select count(*) from ledger.entry where is_closing") == 2
    assert statement(ledger, "revenue_expense")["RE_OUTPATIENT"] == (500, 0, 500)
    position = statement(ledger, "financial_position")
    assert position["FP_CURRENT_SURPLUS"][0] == position["FP_CASH"][0] == 500


def test_the_longest_prefix_in_force_wins_and_the_member_before_its_vendor(ledger: Warehouse) -> None:
    since = {"valid_from": "2020-01-01"}
    ledger.refer(
        "account_map",
        [
            {"vendor_or_member": "canonical", "local_account_pattern": "10", "account_code": "1001"} | since,
            {"vendor_or_member": "canonical", "local_account_pattern": "1002", "account_code": BANK} | since,
            {"vendor_or_member": "H01", "local_account_pattern": "1002", "account_code": "1011"} | since,
            {"vendor_or_member": "canonical", "local_account_pattern": "100201", "account_code": "1212"}
            | {"valid_from": "2020-01-01", "valid_to": "2026-09-30"},
            {"vendor_or_member": "canonical", "local_account_pattern": "41", "account_code": "4101"} | since,
        ],
    )
    for period in ("2026-09", OCTOBER):
        book(ledger, "H01", [line("10020101", debit=5), line("1003", debit=1), line("41", credit=6)], period=period)
    build(ledger)
    found = ledger.rows(
        "select period, local_account_code, account_code from ledger.entry where debit > 0 order by all"
    )
    assert [tuple(row.values()) for row in found] == [
        ("2026-09", "10020101", "1212"),
        ("2026-09", "1003", "1001"),
        ("2026-10", "10020101", "1011"),
        ("2026-10", "1003", "1001"),
    ]


def test_an_unmapped_account_is_listed_and_kept_out_of_the_entries(ledger: Warehouse) -> None:
    book(ledger, "H01", [line(BANK, debit=9), line("ZZ99", credit=9)])
    build(ledger)
    (row,) = ledger.rows("select member_id, local_account_code, amount, lines from ledger.unmapped_account")
    assert tuple(row.values()) == ("H01", "ZZ99", 9, 1)
    assert ledger.one("select count(*) from ledger.entry") == 1


def test_reconciliation_has_a_row_only_for_what_is_delivered(ledger: Warehouse) -> None:
    book(ledger, "H01", [line("5001040101", debit=300), line(BANK, credit=300)])
    ledger.deliver(
        "payroll", "H01", OCTOBER, [{"person_id": "P1", "role": "doctor", "base_pay": 200, "performance_pay": 99}]
    )
    ledger.deliver(
        "cash_movements",
        "H01",
        OCTOBER,
        [{"movement_id": "C1", "direction": "out", "amount": 300, "account_kind": "operating", "category": "payroll"}],
    )
    build(ledger)
    checks = ledger.rows(
        "select check_name, left_amount, right_amount, difference, is_ok from ledger.reconciliation order by all"
    )
    assert [tuple(row.values()) for row in checks] == [
        ("cash_vs_bank", -300, -300, 0, True),
        ("gl_vs_trial_balance", 600, 600, 0, True),
        ("payroll_vs_labour", 300, 299, 1, False),
        ("trial_balance_roll", 600, 600, 0, True),
        ("voucher_balance", 300, 300, 0, True),
    ]


def test_a_voucher_that_does_not_balance_is_not_hidden_by_another(ledger: Warehouse) -> None:
    rows = [
        {"voucher_no": "V1", "line_no": 1} | line(BANK, debit=10),
        {"voucher_no": "V2", "line_no": 1} | line(BANK, credit=10),
    ]
    ledger.deliver("gl_entries", "H01", OCTOBER, rows)
    build(ledger)
    assert ledger.rows("select difference, is_ok from ledger.reconciliation where check_name = 'voucher_balance'") == [
        {"difference": Decimal(0), "is_ok": False}
    ]


def test_a_gain_inside_an_asset_leaves_the_asset_at_its_old_cost(ledger: Warehouse) -> None:
    sale = {"ic_type": "asset_sale", "ic_reference": "A1"}
    book(ledger, "H01", [line(BANK, debit=120), line("160102", credit=100), internal("5301", -20, "T01", **sale)])
    book(ledger, "T01", [internal("160102", 120, "H01", **sale), line(BANK, credit=120)])
    build(ledger)
    assert {row[-1] for row in intercompany(ledger)} == {"matched"}
    position = statement(ledger, "financial_position")
    assert position["FP_FIXED_GROSS"] == (20, -20, 0)
    assert position["IC_DIFF"] == (0, 0, 0)
    assert statement(ledger, "revenue_expense")["RE_SURPLUS"] == (20, -20, 0)


def test_a_sale_and_its_cost_are_pooled_whoever_books_the_cost(ledger: Warehouse) -> None:
    stock = {"ic_type": "stock_transfer"}
    sale = [internal(RECEIVABLE, 100, "T01", **stock), internal("4101", -100, "T01", **stock)]
    book(ledger, "H01", sale)
    back = [internal(RECEIVABLE, 40, "H01", **stock), internal("4101", -40, "H01", **stock)]
    cost = [internal("5001", 40, "H01", **stock), line("1302", credit=40)]
    book(ledger, "T01", back, cost, [line("1302", 100), internal(PAYABLE, -100, "H01", **stock)])
    build(ledger)
    assert intercompany(ledger, "rule_id = 'E09'") == [
        ("H01", "T01", "E09", "a", 100, 0, 0, "one_sided"),
        ("H01", "T01", "E09", "b", 0, 100, 0, "one_sided"),
        ("T01", "H01", "E09", "a", 40, 40, 40, "matched"),
        ("T01", "H01", "E09", "b", 40, 40, 40, "matched"),
    ]


def test_a_form_without_a_suspense_line_gets_one(ledger: Warehouse) -> None:
    def form(code: str, sign: int, total: str | None, prefixes: str | None = None) -> dict[str, Any]:
        names = {"statement": "financial_position", "line_code": code, "line_name_zh": code, "line_name_en": code}
        return names | {"line_order": ord(code[0]), "sign": sign, "adds_into": total, "account_prefixes": prefixes}

    lines = [form("A1", 1, "C", "1"), form("C", 1, None), form("L1", -1, "T", "2|3|4|5"), form("T", -1, None)]
    ledger.refer("statement_lines", lines)
    book(ledger, "H01", [internal(RECEIVABLE, 100, "T02"), line(BANK, credit=100)])
    book(ledger, "T02", [line(BANK, debit=90), internal(PAYABLE, -90, "H01")])
    build(ledger)
    position = statement(ledger, "financial_position")
    assert position == {
        "A1": (90, -100, -10),
        "IC_DIFF": (0, 10, 10),
        "C": (90, -90, 0),
        "L1": (90, -90, 0),
        "T": (90, -90, 0),
    }


def test_an_allowance_on_a_member_goes_out_against_this_years_expense_and_earlier_surplus(ledger: Warehouse) -> None:
    allowance = {"ic_type": "allowance"}
    book(
        ledger,
        "H01",
        [internal("590191", 5, "T01", **allowance), internal("121990", -5, "T01", **allowance)],
        opening=[internal("121990", -10, "T01"), line("3001", debit=10)],
    )
    build(ledger)
    position = statement(ledger, "financial_position")
    assert position["FP_RECEIVABLE"] == (-15, 15, 0)
    assert position["FP_ACCUMULATED_SURPLUS"] == (-10, 10, 0)
    assert position["FP_CURRENT_SURPLUS"] == (-5, 5, 0)
    assert position["IC_DIFF"] == (0, 0, 0)
    result = statement(ledger, "revenue_expense")
    assert (result["RE_OTHER_EXPENSE"], result["RE_SURPLUS"]) == ((5, -5, 0), (-5, 5, 0))


def test_internal_business_without_a_rule_is_listed(ledger: Warehouse) -> None:
    book(
        ledger,
        "H01",
        [line(BANK, debit=8), internal("4101010101", -8, "T01")],
        [internal("3001", 1, "T01"), line(BANK, credit=1)],
    )
    ledger.refer("elimination_rules", [])
    build(ledger)
    (row,) = ledger.rows("select leg, account_code, amount from intermediate.int_ledger__intercompany_uncovered")
    assert tuple(row.values()) == ("movement", "4101010101", -8)


def test_the_worked_examples_that_dbt_runs_itself_hold(ledger: Warehouse) -> None:
    ledger.build("+path:models/marts/ledger", tests=False)
    assert ledger.dbt("test", "--select", "test_type:unit,path:models/intermediate/ledger") == {}
