-- One row per month and internal asset sale, from the month of the sale to the end of the asset's life (E10, domain 2.6.2):
-- the gain inside the buyer's cost, and how much of the buyer's depreciation is that gain.
-- Life: the buyer's asset register where an asset bears the sale's reference, else transferred_asset_life_months.
-- Fixed assets are depreciated from the month they arrive (政府会计准则第3号).
{% set rule = var('asset_sale_rule') %}

with lines as (
    select
        period,
        a_member_id,
        b_member_id,
        side,
        coalesce(ic_reference, '-') as ic_reference,
        account_code,
        sum(own_amount) as amount
    from {{ ref('int_ledger__intercompany_line') }}
    where leg = 'movement' and rule_id = '{{ rule }}'
    group by period, a_member_id, b_member_id, side, coalesce(ic_reference, '-'), account_code
),

gains as (
    select period, a_member_id, b_member_id, ic_reference, sum(amount) as gain
    from lines
    where side = 'a'
    group by period, a_member_id, b_member_id, ic_reference
),

asset_accounts as (
    select gains.period, gains.a_member_id, gains.b_member_id, gains.ic_reference, lines.account_code
    from gains
    inner join lines
        on gains.period = lines.period
        and gains.a_member_id = lines.a_member_id
        and gains.b_member_id = lines.b_member_id
        and lines.side = 'b'
    qualify row_number() over (
        partition by gains.period, gains.a_member_id, gains.b_member_id, gains.ic_reference
        order by case when lines.ic_reference = gains.ic_reference then 0 else 1 end, lines.amount desc, lines.account_code
    ) = 1
),

register as (
    select
        member_id,
        asset_id,
        coalesce(max(round({{ exact_quotient('original_cost', 'monthly_depreciation', 2) }})), 0) as life_months
    from {{ ref('stg_assets') }}
    group by member_id, asset_id
),

transfers as (
    select
        gains.period as transfer_period,
        gains.a_member_id,
        gains.b_member_id,
        gains.ic_reference,
        asset_accounts.account_code as asset_account,
        {{ money_per('cast(gains.gain as decimal(38, 2)) * pairs.eliminated_amount', 'pairs.a_amount') }} as gain_amount,
        cast(coalesce(register.life_months, policy.transferred_asset_life_months) as integer) as life_months,
        register.asset_id is not null as is_in_register
    from gains
    inner join asset_accounts using (period, a_member_id, b_member_id, ic_reference)
    inner join {{ ref('int_ledger__intercompany_pair') }} as pairs
        on pairs.leg = 'movement'
        and pairs.rule_id = '{{ rule }}'
        and pairs.period = gains.period
        and pairs.a_member_id = gains.a_member_id
        and pairs.b_member_id = gains.b_member_id
        and pairs.eliminated_amount <> 0
    inner join {{ policy_in_force(['transferred_asset_life_months']) }} as policy
        on gains.period = policy.period and gains.b_member_id = policy.member_id
    left join register on gains.b_member_id = register.member_id and gains.ic_reference = register.asset_id
),

months as (
    select
        transfers.*,
        calendar.period,
        row_number() over (
            partition by transfers.transfer_period, transfers.a_member_id, transfers.b_member_id, transfers.ic_reference
            order by calendar.period
        ) as month_number
    from transfers
    inner join {{ ref('int_reference__period') }} as calendar on calendar.period >= transfers.transfer_period
),

corrected as (
    select
        months.*,
        {{ money_per('cast(gain_amount as decimal(38, 2)) * month_number', 'life_months') }} as corrected_to_date,
        {{ money_per('cast(gain_amount as decimal(38, 2)) * (month_number - 1)', 'life_months') }} as corrected_before
    from months
    where month_number = 1 or month_number <= life_months
),

-- The buyer's own depreciation account, the largest of its ledger.
expense_accounts as (
    select entries.member_id, entries.account_code
    from {{ ref('ledger__entry') }} as entries
    inner join (select distinct b_member_id from transfers) as buyers on entries.member_id = buyers.b_member_id
    where entries.cost_element = 'depreciation' and entries.account_type = 'expense' and not entries.is_closing
    group by entries.member_id, entries.account_code
    qualify row_number() over (partition by entries.member_id order by sum(entries.amount) desc, entries.account_code) = 1
)

select
    corrected.period,
    corrected.transfer_period,
    corrected.a_member_id,
    corrected.b_member_id,
    corrected.ic_reference,
    corrected.asset_account,
    coalesce(own.account_code, '1602') as depreciation_account,
    coalesce(
        expense_accounts.account_code,
        (select min(account_code) from {{ ref('core__account') }} where cost_element = 'depreciation')
    ) as expense_account,
    corrected.life_months,
    corrected.is_in_register,
    corrected.gain_amount,
    {{ money('coalesce(corrected.corrected_to_date - corrected.corrected_before, 0)') }} as correction_amount,
    {{ money('corrected.gain_amount - coalesce(corrected.corrected_to_date, 0)') }} as unrealised_amount
from corrected
left join {{ ref('core__account') }} as own on own.account_code = '1602' || substring(corrected.asset_account, 5)
left join expense_accounts on corrected.b_member_id = expense_accounts.member_id
