-- One row per period, member and measure of the ledger. They are the member's own figures, internal business
-- included: adding members up would count it twice, so the consortium takes no part of them (its own stand in the consolidated statements).
with entries as (
    select
        period,
        member_id,
        account_type,
        cost_element,
        amount,
        {{ starts_with_any('account_code', ['5001', '5101']) }} as is_operating_cost,
        {{ starts_with_any('account_code', ['5101']) }} as is_management_cost,
        {{ starts_with_any('account_code', ['4001']) }} as is_fiscal_income
    from {{ ref('ledger__entry') }}
    where account_type in ('revenue', 'expense') and not is_closing
),

ledger as (
    select
        period,
        member_id,
        sum(case when account_type = 'revenue' then -amount end) as total_income,
        sum(case when account_type = 'revenue' then case when is_fiscal_income then -amount else 0 end end) as fiscal_income,
        sum(-amount) as surplus,
        sum(case when is_operating_cost then amount end) as total_cost,
        sum(case when is_operating_cost then case when is_management_cost then amount else 0 end end) as management_cost,
        sum(case when is_operating_cost then case when cost_element = 'labour' then amount else 0 end end) as labour_cost,
        sum(case when is_operating_cost then case when cost_element = 'consumable' then amount else 0 end end) as consumable_cost
    from entries
    group by period, member_id
),

-- What is owned and owed at the end of the month, contra accounts deducted (S5-FIN-07).
balances as (
    select
        period,
        member_id,
        sum(case when account_type = 'asset' then closing_balance end) as total_assets,
        sum(case when account_type = 'liability' then -closing_balance end) as total_liabilities
    from {{ ref('int_ledger__trial_balance') }}
    where account_type in ('asset', 'liability')
    group by period, member_id
)

{{ long_measures('ledger', [
    'total_income', 'fiscal_income', 'surplus', 'total_cost', 'management_cost', 'labour_cost', 'consumable_cost',
], has_department=false) }}
union all
{{ long_measures('balances', ['total_assets', 'total_liabilities'], has_department=false) }}
