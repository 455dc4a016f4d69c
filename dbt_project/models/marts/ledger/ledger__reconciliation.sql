-- One row per period, member and check: the ledger (left) beside what else the member delivers (right). A check whose right
-- side the member doesn't deliver has no row. Both totals are shown, never plugged; is_ok is agreement to the fen, beyond
-- the tolerance and by the severity of policy the gates speak.
{% set cross_checks = [
    'charges_vs_revenue', 'payroll_vs_labour', 'assets_vs_depreciation', 'stock_vs_drug_cost', 'stock_vs_consumable_cost',
    'cash_vs_bank', 'opening_vs_last_closing',
] %}
{% set severities = [] %}
{% for name in cross_checks %}{% do severities.append('severity_' ~ name) %}{% endfor %}
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
            as cash_vs_bank,
        -- Shown beside charges and revenue: what the insurer pays more or less, and patients who are still in hospital.
        sum(case when {{ starts_with_any('account_code', ['41010103']) }} then -amount else 0 end) as settlement_difference,
        sum(case when {{ starts_with_any('account_code', ['121201']) }} then amount else 0 end) as in_progress
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

-- Vouchers balance one by one: debits of one may hide behind credits of another.
gross as (
    select period, member_id, sum(debit) as debit, sum(credit) as credit, sum(abs(debit - credit)) as gap
    from {{ ref('int_ledger__voucher') }}
    group by period, member_id
),

delivered_balances as (
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
),

balances as (
    select
        period,
        member_id,
        sum(debit + credit) as gross,
        sum(abs(opening_balance + debit - credit)) as rolled,
        sum(abs(closing_balance)) as closed,
        sum(abs(opening_balance + debit - credit - closing_balance)) as gap
    from delivered_balances
    group by period, member_id
),

-- What a month opens with is what the month before closed with, account by account.
rolled_forward as (
    select
        period,
        member_id,
        sum(abs(opening_balance)) as opened,
        sum(abs(closing_before)) as closed_before,
        sum(abs(opening_balance - closing_before)) as gap
    from (
        select period, member_id, account_code, sum(opening_balance) as opening_balance, sum(closing_before) as closing_before
        from (
            select period, member_id, account_code, opening_balance, 0 as closing_before
            from delivered_balances
            union all
            select {{ month_add('period', 1) }}, member_id, account_code, 0, closing_balance
            from delivered_balances
        ) as both_sides
        group by period, member_id, account_code
    ) as accounts
    inner join (select distinct period, member_id from delivered_balances) as months using (period, member_id)
    inner join (
        select distinct {{ month_add('period', 1) }} as period, member_id from delivered_balances
    ) as months_before using (period, member_id)
    group by period, member_id
),

against_itself as (
    select period, member_id, 'voucher_balance' as check_name, debit as left_amount, credit as right_amount, gap as broken_by
    from gross

    union all

    select gross.period, gross.member_id, 'gl_vs_trial_balance', gross.debit + gross.credit, balances.gross, 0
    from gross
    inner join balances using (period, member_id)

    union all

    select period, member_id, 'trial_balance_roll', rolled, closed, gap
    from balances

    union all

    select period, member_id, 'opening_vs_last_closing', opened, closed_before, gap
    from rolled_forward
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
    case everything.check_name
        when 'voucher_balance' then '凭证借贷平衡'
        when 'gl_vs_trial_balance' then '凭证与余额表发生额'
        when 'trial_balance_roll' then '余额表期初加发生额等于期末'
        when 'opening_vs_last_closing' then '期初与上期期末'
        when 'charges_vs_revenue' then '收费与医疗收入'
        when 'payroll_vs_labour' then '工资与人员经费'
        when 'assets_vs_depreciation' then '资产台账与折旧'
        when 'stock_vs_drug_cost' then '药品出库与药品费'
        when 'stock_vs_consumable_cost' then '耗材出库与卫生材料费'
        when 'cash_vs_bank' then '资金流水与货币资金'
    end as check_name_zh,
    {{ money('everything.left_amount') }} as left_amount,
    {{ money('everything.right_amount') }} as right_amount,
    {{ money('everything.left_amount - everything.right_amount') }} as difference,
    everything.left_amount = everything.right_amount and everything.broken_by = 0 as is_ok,
    {{ money("case when everything.check_name in ('" ~ cross_checks[:-1] | join("', '") ~ "')
        then policy.reconciliation_tolerance * greatest(abs(everything.left_amount), abs(everything.right_amount))
        else 0 end") }} as tolerance,
    case everything.check_name
        {% for name in cross_checks -%}
        when '{{ name }}' then policy.severity_{{ name }}
        {% endfor -%}
        else 'error'
    end as severity,
    case when everything.check_name = 'charges_vs_revenue' then {{ money('ledger_sides.settlement_difference') }} end
        as settlement_difference_amount,
    case when everything.check_name = 'charges_vs_revenue' then {{ money('ledger_sides.in_progress') }} end
        as in_progress_amount
from everything
inner join {{ policy_in_force(
    ['reconciliation_tolerance'], text=severities
) }} as policy
    on everything.period = policy.period and everything.member_id = policy.member_id
left join ledger_sides
    on everything.period = ledger_sides.period and everything.member_id = ledger_sides.member_id
left join {{ ref('core__member') }} as members on everything.member_id = members.member_id
