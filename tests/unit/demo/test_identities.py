"""What the demo's extracts must agree on, computed again from the written files in SQL.

Nothing here uses the generator's own sums: files in, DuckDB, figures out.
"""

from __future__ import annotations

from tests.unit.demo.conftest import Ask

MOVEMENT = "select l.* from ledger l anti join closing c using (member, period, voucher_no)"


def test_every_line_finds_its_account(ask: Ask) -> None:
    assert ask("select count(*) from gl_entries") == ask("select count(*) from ledger")


def test_every_voucher_balances_on_both_sides(ask: Ask) -> None:
    """Financial and budgetary entries balance apart (domain 2.1, parallel booking)."""
    wrong = ask(
        "select member, period, voucher_no, unified >= '6' as is_budgetary, sum(debit - credit) as gap "
        "from ledger group by all having gap <> 0"
    )
    assert wrong == []
    assert ask("select count(*) from ledger where unified >= '6'")[0][0] > 1_000


def test_trial_balances_are_the_vouchers(ask: Ask) -> None:
    wrong = ask(
        "with g as (select member, period, account_code, coalesce(counterparty_member_id, '') as who, "
        "sum(debit) d, sum(credit) c from gl_entries group by all), "
        "t as (select member, period, account_code, coalesce(counterparty_member_id, '') as who, debit d, credit c "
        "from trial_balance where debit <> 0 or credit <> 0) "
        "select * from (from g except from t) union all (from t except from g)"
    )
    assert wrong == []


def test_trial_balances_roll_and_carry_on(ask: Ask) -> None:
    assert ask("select * from trial_balance where opening_balance + debit - credit <> closing_balance") == []
    gaps = ask(
        "with september as (select * from trial_balance where period[6:] = '09'), "
        "october as (select * from trial_balance where period[6:] = '10') "
        "select s.member, s.account_code from september s full join october o on s.member = o.member "
        "and s.period[:4] = o.period[:4] and s.account_code = o.account_code "
        "and s.counterparty_member_id is not distinct from o.counterparty_member_id "
        "where coalesce(s.closing_balance, 0) <> coalesce(o.opening_balance, 0)"
    )
    assert gaps == []
    assert ask("select member, period from trial_balance group by all having sum(closing_balance) <> 0") == []


def test_results_are_closed_to_3301(ask: Ask) -> None:
    """After the closing vouchers no revenue or expense account has a balance."""
    open_results = ask(
        "select member, period, unified, sum(debit - credit) as left_over from ledger "
        "where unified[1] in ('4', '5') group by all having left_over <> 0"
    )
    assert open_results == []
    assert ask("select count(distinct (member, period)) from closing") == ask(
        "select count(distinct (member, period)) from gl_entries"
    )


def test_charges_are_revenue(ask: Ask) -> None:
    """41010101 and 41010102 of a month are the charges of that month; 41010103 stands apart."""
    wrong = ask(
        f"with revenue as (select member, period, sum(credit - debit) as amount from ({MOVEMENT}) "
        "where unified like '41010101%' or unified like '41010102%' group by all), "
        "charges as (select member, strftime(charged_at, '%Y-%m') as period, sum(amount) as amount "
        "from charge_lines group by all) "
        "select * from revenue full join charges using (member, period) where revenue.amount is "
        "distinct from charges.amount"
    )
    assert wrong == []
    assert ask(f"select count(distinct member) from ({MOVEMENT}) where unified = '41010103'")[0][0] >= 7


def test_settlements_are_charges(ask: Ask) -> None:
    wrong = ask(
        "select s.encounter_id, s.total_charge, sum(c.amount) as charged from settlements s "
        "left join charge_lines c using (encounter_id) group by all having s.total_charge is distinct from charged"
    )
    assert wrong == []
    assert ask("select * from settlements where fund_paid + patient_paid + denied_amount <> total_charge") == []


def test_open_stays_are_work_in_progress(ask: Ask) -> None:
    """Account 121201 is what stays that are open at the month's end have been charged so far."""
    wrong = ask(
        "with open_stays as (select distinct member, period, encounter_id from encounters where ended_at is null), "
        "charged as (select o.member, o.period, sum(c.amount) as amount from open_stays o join charge_lines c "
        "on c.encounter_id = o.encounter_id and c.period <= o.period group by all), "
        "book as (select t.member, t.period, sum(closing_balance) as amount from trial_balance t "
        "join (select distinct member, account_code, unified from ledger) l using (member, account_code) "
        "where unified = '121201' group by all) "
        "select * from book left join charged using (member, period) "
        "where coalesce(book.amount, 0) <> coalesce(charged.amount, 0)"
    )
    assert wrong == []
    assert ask("select count(*) from encounters where ended_at is null")[0][0] > 20


def test_payroll_is_labour(ask: Ask) -> None:
    assert (
        _differs(
            ask,
            "l.unified[:4] in ('5001', '5101') and l.unified[7:8] = '01'",
            "select member, period, sum(base_pay + performance_pay + contract_service_pay + "
            "chronic_care_pay + other_pay) "
            "as amount from payroll group by all",
        )
        == []
    )


def test_register_is_depreciation(ask: Ask) -> None:
    assert (
        _differs(
            ask,
            "l.unified[:4] in ('5001', '5101') and l.unified[7:8] = '04'",
            "select member, period, sum(monthly_depreciation) as amount from assets group by all",
        )
        == []
    )


def test_issues_are_drug_and_consumable_cost(ask: Ask) -> None:
    for element, classes in (("03", "('drug')"), ("02", "('consumable', 'high_value_consumable')")):
        assert (
            _differs(
                ask,
                f"l.unified[:4] in ('5001', '5101') and l.unified[7:8] = '{element}'",
                "select member, period, sum(issued_qty * unit_cost) as amount from stock "
                f"where item_class in {classes} group by all",
            )
            == []
        )
    assert (
        ask("select * from stock where opening_qty + received_qty - issued_qty <> closing_qty or closing_qty < 0") == []
    )


def _differs(ask: Ask, accounts: str, other: str) -> list[tuple[object, ...]]:
    """Members and periods where the ledger's movement on accounts is not the other extract's sum."""
    return ask(
        f"with ledger_side as (select l.member, l.period, sum(l.debit - l.credit) as amount from ({MOVEMENT}) l "
        f"where {accounts} group by all), other_side as ({other}) "
        "select * from ledger_side full join other_side using (member, period) "
        "where ledger_side.amount is distinct from other_side.amount"
    )


def test_billed_drugs_left_the_store(ask: Ask) -> None:
    """But for what was planted, no item is billed more often than it was issued, and above its cost (R37, R38, R41)."""
    wrong = ask(
        "with planted as (select unnest(string_split(charge_ids, '|')) charge_id from labels "
        "where rule_code in ('R38', 'R41')), "
        "billed as (select member, period, item_code, sum(quantity) q, max(unit_price) p from charge_lines "
        "anti join planted using (charge_id) "
        "where charge_class in ('drug', 'consumable', 'high_value_consumable') group by all) "
        "select * from billed left join stock s using (member, period, item_code) "
        "where s.issued_qty is null or q > s.issued_qty or p > s.unit_cost"
    )
    assert wrong == []


def test_cash_movements_are_the_bank_account(ask: Ask) -> None:
    wrong = ask(
        "with bank as (select member, period, sum(debit - credit) as amount from ledger "
        "where unified[:4] in ('1001', '1002', '1011') group by all), "
        "moved as (select member, period, sum(case direction when 'in' then amount else -amount end) as amount "
        "from cash_movements group by all) "
        "select * from bank full join moved using (member, period) where bank.amount is distinct from moved.amount"
    )
    assert wrong == []


def test_census_is_the_sum_of_nights(ask: Ask) -> None:
    wrong = ask(
        "with nights as (select member, census_date, dept_code, bed_tier, count(*) n from bed_days group by all) "
        "select * from bed_census full join nights using (member, census_date, dept_code, bed_tier) "
        "where coalesce(beds_occupied, 0) <> coalesce(n, 0)"
    )
    assert wrong == []


def test_referrals_lead_to_a_stay_of_the_same_patient(ask: Ask) -> None:
    wrong = ask(
        "select r.referral_id from referrals r left join encounters e on e.encounter_id = r.to_encounter_id "
        "and e.member = r.to_member_id where r.accepted_on is not null "
        "and (e.patient_id is distinct from r.patient_id or e.started_at::date < r.referred_on)"
    )
    assert wrong == []
    assert {row[0] for row in ask("select distinct direction from referrals where accepted_on is not null")} == {
        "up",
        "down",
    }


def test_shared_scans_are_paid_for(ask: Ask) -> None:
    """150 yuan for each scan that a township books at the lead hospital (S1-SHARE-06)."""
    rows = ask(
        "with used as (select period, using_member_id as member, sum(uses) * 150 as amount from equipment_use "
        "where using_member_id <> member group by all), "
        f"sold as (select period, counterparty_member_id as member, sum(credit - debit) as amount from ({MOVEMENT}) "
        "where unified = '460990' and summary like '共享CT%' group by all) "
        "select * from used full join sold using (period, member) where used.amount is distinct from sold.amount"
    )
    assert rows == []


def test_purchases_are_goods_received(ask: Ask) -> None:
    wrong = ask(
        "with bought as (select member, period, item_code, sum(quantity) q, min(unit_price) p from "
        "purchases group by all) "
        "select * from stock s full join bought b using (member, period, item_code) "
        "where coalesce(s.received_qty, 0) <> coalesce(b.q, 0) or b.p <> s.unit_cost"
    )
    assert wrong == []
