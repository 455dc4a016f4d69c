-- One row per period, member and check: the ledger (left) beside what else the member delivers (right). A check whose right
-- side the member doesn't deliver has no row. Agreement is to the fen; what a difference means is the gates' business.
with movements as (
    select period, member_id, account_code, account_type, cost_element, counterparty_member_id, amount
    from {{ ref('ledger__entry') }}
    where not is_closing
),

ledger_sides as (
    select
        period,
        member_id,
        -- Charges to patients: medical income without settlement differences and without business with members.
        sum(case
            when {{ starts_with_any('account_code', ['410101']) }}
                and not {{ starts_with_any('account_code', ['41010103']) }}
                and counterparty_member_id is null then -amount else 0 end) as charges_vs_revenue,
        sum(case when account_type = 'expense' and cost_element = 'labour' and counterparty_member_id is null
            then amount else 0 end) as payroll_vs_labour,
        sum(case when account_type = 'expense' and cost_element = 'depreciation' then amount else 0 end)
            as assets_vs_depreciation,
        sum(case when account_type = 'expense' and cost_element = 'drug' and counterparty_member_id is null
            then amount else 0 end) as stock_vs_drug_cost,
        sum(case when account_type = 'expense' and cost_element = 'consumable' and counterparty_member_id is null
            then amount else 0 end) as stock_vs_consumable_cost,
        sum(case when {{ starts_with_any('account_code', var('cash_account_prefixes')) }} then amount else 0 end)
            as cash_vs_bank
    from movements
    group by period, member_id
),

delivered as (
    select 'charges_vs_revenue' as check_name, period, member_id, sum(amount) as amount
    from {{ ref('int_core__charge') }}
    group by period, member_id

    union all

    select 'payroll_vs_labour', period, member_id,
        sum(base_pay + performance_pay + contract_service_pay + chronic_care_pay + other_pay)
    from {{ ref('stg_payroll') }}
    group by period, member_id

    union all

    select 'assets_vs_depreciation', period, member_id, sum(monthly_depreciation)
    from {{ ref('stg_assets') }}
    where in_service_on <= {{ month_end('period') }}
    group by period, member_id

    union all

    select
        case when item_class = 'drug' then 'stock_vs_drug_cost' else 'stock_vs_consumable_cost' end,
        period,
        member_id,
        sum({{ money('issued_qty * unit_cost') }})
    from {{ ref('stg_stock') }}
    where item_class in ('drug', 'consumable', 'high_value_consumable')
    group by case when item_class = 'drug' then 'stock_vs_drug_cost' else 'stock_vs_consumable_cost' end, period, member_id

    union all

    select 'cash_vs_bank', period, member_id, sum(case direction when 'in' then amount else -amount end)
    from {{ ref('stg_cash_movements') }}
    group by period, member_id
),

against_extracts as (
    select
        delivered.period,
        delivered.member_id,
        delivered.check_name,
        case delivered.check_name
            when 'charges_vs_revenue' then ledger_sides.charges_vs_revenue
            when 'payroll_vs_labour' then ledger_sides.payroll_vs_labour
            when 'assets_vs_depreciation' then ledger_sides.assets_vs_depreciation
            when 'stock_vs_drug_cost' then ledger_sides.stock_vs_drug_cost
            when 'stock_vs_consumable_cost' then ledger_sides.stock_vs_consumable_cost
            when 'cash_vs_bank' then ledger_sides.cash_vs_bank
        end as left_amount,
        delivered.amount as right_amount,
        0 as broken_by
    from delivered
    inner join ledger_sides
        on delivered.period = ledger_sides.period
        and delivered.member_id = ledger_sides.member_id
),

gross as (
    select period, member_id, sum(debit) as debit, sum(credit) as credit
    from {{ ref('stg_gl_entries') }}
    group by period, member_id
),

-- Vouchers that do not balance one by one (debits of one may hide behind credits of another).
unbalanced as (
    select period, member_id, sum(abs(gap)) as gap
    from (
        select period, member_id, voucher_no, sum(debit) - sum(credit) as gap
        from {{ ref('stg_gl_entries') }}
        group by period, member_id, voucher_no
    ) as vouchers
    group by period, member_id
),

balances as (
    select
        period,
        member_id,
        sum(debit + credit) as gross,
        sum(abs(opening_balance + debit - credit)) as rolled,
        sum(abs(closing_balance)) as closed,
        sum(abs(opening_balance + debit - credit - closing_balance)) as gap
    from (
        select
            period,
            member_id,
            account_code,
            sum(opening_balance) as opening_balance,
            sum(debit) as debit,
            sum(credit) as credit,
            sum(closing_balance) as closing_balance
        from {{ ref('stg_trial_balance') }}
        group by period, member_id, account_code
    ) as accounts
    group by period, member_id
),

against_itself as (
    select gross.period, gross.member_id, 'voucher_balance' as check_name, gross.debit as left_amount,
        gross.credit as right_amount, unbalanced.gap as broken_by
    from gross
    inner join unbalanced using (period, member_id)

    union all

    select gross.period, gross.member_id, 'gl_vs_trial_balance', gross.debit + gross.credit, balances.gross, 0
    from gross
    inner join balances using (period, member_id)

    union all

    select period, member_id, 'trial_balance_roll', rolled, closed, gap
    from balances
),

everything as (
    select period, member_id, check_name, left_amount, right_amount, broken_by from against_itself
    union all
    select period, member_id, check_name, left_amount, right_amount, broken_by from against_extracts
)

select
    everything.period,
    everything.member_id,
    members.name as member_name,
    everything.check_name,
    {{ money('everything.left_amount') }} as left_amount,
    {{ money('everything.right_amount') }} as right_amount,
    {{ money('everything.left_amount - everything.right_amount') }} as difference,
    everything.left_amount = everything.right_amount and everything.broken_by = 0 as is_ok
from everything
left join {{ ref('core__member') }} as members on everything.member_id = members.member_id
