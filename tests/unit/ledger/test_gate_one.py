"""Gate 1 on a member's own ledger: vouchers balance on each side, agree with the trial balance, and are mapped."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import duckdb
import pytest

from pipelines.gates import measure
from pipelines.gates.member_checks import all_checks

Row = tuple[str, str, int, int]
BALANCED: Sequence[Row] = (("V1", "1002", 100, 0), ("V1", "4101", 0, 100), ("V1", "8001", 90, 0), ("V1", "6101", 0, 90))


def judged(name: str, vouchers: Sequence[Row], reported: Sequence[tuple[str, int, int]] = ()) -> tuple[int, str, str]:
    """Violated, amount and subject of a check on a member's month; vouchers are (number, account, debit, credit)."""
    (check,) = [each for each in all_checks() if each.name == name]
    with duckdb.connect() as connection:
        for table, more, rows in (
            ("gl_entries", "voucher_no varchar, ", vouchers),
            ("trial_balance", "", reported),
        ):
            connection.execute(
                f"create table {table} (member_id varchar, period varchar, {more}account_code varchar, "
                "debit decimal(18, 2), credit decimal(18, 2))"
            )
            for row in rows:
                connection.execute(f"insert into {table} values ('T01', '2026-10', {', '.join('?' * len(row))})", row)
        connection.execute("create table members as select 'T01' as member_id, 'guojian' as vendor")
        connection.execute(
            "create table account_map as select *, date '2024-01-01' as valid_from, null::date as valid_to "
            "from (values "
            "('*', '1*', '1002'), ('*', '4%', '4101'), ('*', '6', '6101'), ('*', '8', '8001'), "
            # The vendor's 99 is money of the budgetary side; this member keeps a bank account there.
            "('guojian', '99', '8001'), ('T01', '99', '1002')) "
            "as rows (vendor_or_member, local_account_pattern, account_code)"
        )
        connection.execute("create table policy as select 50::decimal(18, 2) as unmapped_amount_tolerance")
        (found,) = measure(connection, [check])
    return found.violated, found.observed.split(": ")[-1], "".join(subject for _, subject in found.subjects)


@pytest.mark.parametrize(
    ("vouchers", "violated", "observed"),
    [
        (BALANCED, 0, 0),
        # In balance as a whole, but not on either of its sides.
        ([("V1", "1002", 100, 0), ("V1", "4101", 0, 90), ("V1", "8001", 90, 0), ("V1", "6101", 0, 100)], 1, 10),
        # In balance together, not one by one.
        ([("V1", "1002", 7, 0), ("V2", "4101", 0, 7)], 2, 14),
        ([("V1", "1002", 7, 0), ("V1", "99", 0, 7)], 0, 0),
        # Which side 55 is on nobody knows: the voucher as a whole is judged, the account by another check.
        ([("V1", "8001", 7, 0), ("V1", "55", 0, 7)], 0, 0),
        ([("V1", "8001", 7, 0), ("V1", "55", 0, 6)], 1, 1),
    ],
)
def test_a_voucher_balances_on_its_financial_and_on_its_budgetary_side(
    vouchers: Sequence[Row], violated: int, observed: int
) -> None:
    found = judged("balances_vouchers", vouchers)
    assert (found[0], Decimal(found[1])) == (violated, observed)
    assert found[2] == ("", "2026-10 T01 V1", "2026-10 T01 V1, V2")[violated]


def test_a_trial_balance_that_shows_other_movements_is_told() -> None:
    reported = [("1002", 100, 0), ("4101", 0, 100), ("8001", 90, 0)]
    agreed = judged("agrees_trial_balance_with_ledger", BALANCED, [*reported, ("6101", 0, 90)])
    assert agreed[0] == 0
    found = judged("agrees_trial_balance_with_ledger", BALANCED, [*reported, ("6101", 0, 80)])
    assert (found[0], Decimal(found[1])) == (1, 10)


def test_an_unmapped_account_holds_a_member_back_beyond_the_tolerance() -> None:
    assert judged("maps_accounts", [("V1", "1002", 50, 0), ("V1", "55", 0, 50)])[0] == 0
    found = judged("maps_accounts", [("V1", "1002", 51, 0), ("V1", "55", 0, 51)])
    assert (found[0], Decimal(found[1]), found[2]) == (1, 51, "2026-10 T01 55")
