"""A publication of a tiny ledger: two members, one month, every mart the workbook reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

LINES = """
    ('financial_position', 'FP_CASH', '货币资金', 'Cash', 10, 1, 'FP_ASSETS', 30, 0),
    ('financial_position', 'FP_GROSS', '原值', 'Cost', 20, 1, 'FP_NET', 100.10, -20.05),
    ('financial_position', 'FP_DEPRECIATION', '减：折旧', 'Less: depreciation', 30, -1, 'FP_NET', 40.03, 0),
    ('financial_position', 'FP_NET', '净值', 'Net', 40, 1, 'FP_ASSETS', 60.07, -20.05),
    ('financial_position', 'FP_ASSETS', '资产总计', 'Assets', 50, 1, null, 90.07, -20.05),
    ('financial_position', 'FP_FUNDS', '净资产', 'Net assets', 60, -1, 'FP_LIABILITIES_NET_ASSETS', 90.07, -20.05),
    ('financial_position', 'FP_LIABILITIES_NET_ASSETS', '负债和净资产总计', 'Claims', 70, -1, null, 90.07, -20.05),
    ('revenue_expense', 'RE_INCOME', '收入', 'Income', 10, -1, 'RE_SURPLUS', 50, -50),
    ('revenue_expense', 'RE_EXPENSE', '费用', 'Expense', 20, 1, 'RE_SURPLUS', 45, -45),
    ('revenue_expense', 'IC_DIFF', '内部交易差额', 'Difference', 30, -1, 'RE_SURPLUS', 0, 5),
    ('revenue_expense', 'RE_SURPLUS', '盈余', 'Surplus', 40, -1, null, 5, 0)
"""
MARTS = f"""
create schema ledger;
create schema governance;
create table governance.publication as select '000007-x' as publication_id,
    timestamp '2026-11-01 01:30:00' as published_at;
create table ledger.statement_line as
select '2026-10' as period, statement, case statement when 'revenue_expense' then '收入费用表' else '资产负债表' end
    as statement_name, line_code, line_name, line_name_en, line_order, line_sign::integer as line_sign, adds_into,
    aggregate::decimal(18, 2) as aggregate_amount, elimination::decimal(18, 2) as elimination_amount,
    (aggregate + elimination)::decimal(18, 2) as consolidated_amount,
    case when statement = 'revenue_expense' then '2026-09' end as year_to_date_from,
    case when statement = 'revenue_expense' then (aggregate + elimination)::decimal(18, 2) end as year_to_date_amount,
    null::varchar as comparative_period, null::decimal(18, 2) as comparative_amount
from (values {LINES}) as lines
    (statement, line_code, line_name, line_name_en, line_order, line_sign, adds_into, aggregate, elimination);
create table ledger.statement_by_member as
select period, statement, line_code, member_id, member_name,
    (case member_id when 'H01' then aggregate_amount - 1 else 1 end)::decimal(18, 2) as amount
from ledger.statement_line
cross join (values ('H01', '甲医院'), ('T01', '乙卫生院')) as members (member_id, member_name)
where line_code not in ('FP_DEPRECIATION', 'FP_NET', 'RE_EXPENSE', 'RE_SURPLUS', 'IC_DIFF');
insert into ledger.statement_by_member
select period, statement, line_code, member_id, member_name, amount::decimal(18, 2) from (values
    ('2026-10', 'financial_position', 'FP_DEPRECIATION', 'H01', '甲医院', 40.03),
    ('2026-10', 'financial_position', 'FP_NET', 'H01', '甲医院', 59.07),
    ('2026-10', 'financial_position', 'FP_NET', 'T01', '乙卫生院', 1),
    ('2026-10', 'revenue_expense', 'RE_EXPENSE', 'T01', '乙卫生院', 45),
    ('2026-10', 'revenue_expense', 'RE_SURPLUS', 'H01', '甲医院', 49),
    ('2026-10', 'revenue_expense', 'RE_SURPLUS', 'T01', '乙卫生院', -44)
) as rows (period, statement, line_code, member_id, member_name, amount);
update ledger.statement_by_member set amount = 2 where member_id = 'T01' and line_code in ('FP_ASSETS', 'FP_FUNDS',
    'FP_LIABILITIES_NET_ASSETS');
update ledger.statement_by_member set amount = 88.07 where member_id = 'H01' and line_code in ('FP_ASSETS', 'FP_FUNDS',
    'FP_LIABILITIES_NET_ASSETS');
create table ledger.elimination as
select '2026-10' as period, 'movement' as leg, 'E06' as rule_id, '内部服务' as rule_name, 'H01' as a_member_id,
    '甲医院' as a_member_name, 'T01' as b_member_id, '乙卫生院' as b_member_name, member_id,
    member_id as member_name, account_code, account_code as account_name, greatest(amount, 0)::decimal(18, 2) as debit,
    greatest(-amount, 0)::decimal(18, 2) as credit
from (values ('H01', '410190', 50), ('T01', '5001040708', -45), ('ELIM', 'IC_DIFF', -5)) as rows
    (member_id, account_code, amount);
create table ledger.intercompany as
select '2026-10' as period, 'H01' as member_id, '甲医院' as member_name, 'T01' as counterparty_member_id, '乙卫生院' as
    counterparty_member_name, 'E06' as rule_id, '内部服务' as rule_name, 'movement' as leg, 'a' as side,
    50::decimal(18, 2) as own_amount, 45::decimal(18, 2) as counterparty_amount, 5::decimal(18, 2) as difference,
    45::decimal(18, 2) as eliminated_amount, 5::decimal(18, 2) as suspense_amount, 'difference' as status,
    '双方金额不符 · the amounts differ' as reason, '=HYPERLINK("x")' as open_reference;
create table ledger.reconciliation as
select '2026-10' as period, 'H01' as member_id, '甲医院' as member_name, 'payroll_vs_labour' as check_name,
    '工资与人员经费' as check_name_zh, 300::decimal(18, 2) as left_amount, 299.5::decimal(18, 2) as right_amount,
    0.5::decimal(18, 2) as difference, 1.5::decimal(18, 2) as tolerance, false as is_ok,
    null::decimal(18, 2) as settlement_difference_amount, null::decimal(18, 2) as in_progress_amount;
create table ledger.unrealised_margin (
    period varchar, rule_id varchar, seller_member_id varchar, buyer_member_id varchar
);
create table ledger.issue (period varchar, member_id varchar, issue varchar, subject varchar);
"""


@pytest.fixture
def publication(tmp_path: Path) -> Callable[[], Path]:
    """Makes the folder of a publication and hands it back."""

    def make() -> Path:
        folder = tmp_path / "published" / "current"
        folder.mkdir(parents=True)
        with duckdb.connect(str(folder / "consortium.duckdb")) as connection:
            connection.execute(MARTS)
        return folder.parent

    return make
