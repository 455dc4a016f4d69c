"""The demo night's ledger: every internal transaction planted wrong is found and explained, none is invented."""

from __future__ import annotations

import csv
from decimal import Decimal

import duckdb

from pipelines import night
from pipelines.explain import TRACES
from tests.integration.consortium import Consortium

RULES = {"service": "E06", "staff": "E07", "rent": "E08"}
Demo = tuple[Consortium, night.Finished]
Finding = tuple[str, str, str, str, str, Decimal]


def following(period: str) -> str:
    return f"{period[:5]}{int(period[5:]) + 1:02d}"


def planted(consortium: Consortium) -> list[dict[str, str]]:
    with (consortium.root / "landing" / "_labels" / "intercompany.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def found(consortium: Consortium, leg: str) -> set[Finding]:
    """What doesn't agree, told by side a: period, rule, members, status, difference."""
    rows = consortium.published(
        "select period, rule_id, member_id, counterparty_member_id, status, difference from ledger.intercompany "
        f"where leg = '{leg}' and side = 'a' and (status <> 'matched' or difference <> 0)"
    )
    return {(period, rule, a, b, status, difference) for period, rule, a, b, status, difference in rows}


def test_the_planted_transactions_are_found_and_nothing_else(demo_night: Demo) -> None:
    consortium, _ = demo_night
    labels = planted(consortium)
    assert {label["expected_status"] for label in labels} == {
        "one_sided", "difference", "wrong_counterparty", "timing", "matched",
    }  # fmt: skip
    left = found(consortium, "movement")
    for label in labels:
        rule, period, status = RULES[label["kind"]], label["period"], label["expected_status"]
        seller, buyer = label["member_id"], label["counterparty_member_id"]
        gap = Decimal(label["amount"]) - Decimal(label["counterparty_amount"])
        if status == "wrong_counterparty":
            gap = Decimal(label["amount"])
            (mirror,) = (each for each in left if each[:2] == (period, rule) and each[3] == buyer and each[5] == -gap)
            assert mirror[4] == status
            left.remove(mirror)
        if status == "timing":
            left.remove((following(period), rule, seller, buyer, status, -gap))
        left.remove((period, rule, seller, buyer, status, gap))
    assert left == set()


def test_what_stays_open_on_balances_is_the_same_business(demo_night: Demo) -> None:
    """Receivables and payables that differ name the pairs of the planted transactions, and no others."""
    consortium, _ = demo_night
    open_now = {
        (period, a, b): gap
        for period, _, a, b, status, gap in found(consortium, "movement")
        if status != "timing" or gap > 0
    }
    assert {(period, a, b): gap for period, _, a, b, _, gap in found(consortium, "balance")} == open_now


def test_the_suspense_line_is_the_sum_of_what_is_explained(demo_night: Demo) -> None:
    consortium, _ = demo_night
    explained: dict[str, Decimal] = {}
    for period, _, _, _, _, gap in found(consortium, "balance"):
        explained[period] = explained.get(period, Decimal(0)) + gap
    shown = dict(
        consortium.published(
            "select period, consolidated_amount from ledger.statement_line "
            "where statement = 'financial_position' and line_code = 'IC_DIFF'"
        )
    )
    assert {period: amount for period, amount in shown.items() if amount} == explained


def test_nothing_in_the_demos_books_is_suspect(demo_night: Demo) -> None:
    consortium, _ = demo_night
    assert consortium.published("select member_id, issue, subject from ledger.issue") == []
    assert consortium.published("select check_name from ledger.reconciliation where not is_ok") == []


def test_every_statement_line_drills_down_to_accounts_and_entries(demo_night: Demo) -> None:
    """Accounts of the members and entries of the journal add up to the line; the entries name file and row."""
    consortium, _ = demo_night
    traces = dict(TRACES["ledger.statement_line"])
    with duckdb.connect(str(consortium.settings.warehouse_path), read_only=True) as connection:
        lines = connection.execute(
            "select statement, line_code, line_sign, aggregate_amount, elimination_amount from ledger.statement_line "
            "where period = '2026-10' and adds_into is not null and aggregate_amount <> 0 and line_code not in "
            "(select adds_into from ledger.statement_line where adds_into is not null)"
        ).fetchall()
        assert len(lines) > 30
        for statement, code, sign, aggregate, elimination in lines:
            row = {"period": "2026-10", "statement": statement, "line_code": code}
            accounts = connection.execute(traces["Accounts in the members' books (debit positive)"], row).fetchall()
            assert sum(each[-1] for each in accounts) * sign == aggregate, (statement, code)
            if statement in ("revenue_expense", "budget_execution"):
                entries = connection.execute(
                    traces["Entries of the elimination journal (debit positive)"], row
                ).fetchall()
                assert sum(each[-1] for each in entries) * sign == elimination, (statement, code)
                largest = connection.execute(traces["The largest ledger lines"], row).fetchall()
                assert largest[0][-2:] != (None, None)
