-- One row per month and internal asset sale, from the month in which both sides are booked until nothing of it is left (E10, domain 2.6.2): how much of
-- the buyer's depreciation is the gain inside its cost, and what its disposal releases.
-- Fixed assets are depreciated from the month they arrive, in the month they leave no more (政府会计准则第3号).
{% set rule = var('asset_sale_rule') %}
{% set sale = 'a_member_id, b_member_id, ic_reference' %}

-- An asset without a life (land) is not depreciated: its gain stays until it is sold.
with scheduled as (
    select
        sold.*,
        case
            when life_months = 0 then {{ money('0') }}
            when month_number >= life_months then gain_amount
            else {{ money_per('cast(gain_amount as decimal(38, 2)) * month_number', 'life_months') }}
        end as scheduled_amount
    from {{ ref('int_ledger__sold_asset') }} as sold
),

stepped as (
    select
        scheduled.*,
        {{ money('gain_amount * kept_share') }} as kept_gain,
        {{ money('(gain_amount - scheduled_amount) * kept_share') }} as unrealised_amount,
        {{ money('(scheduled_amount - coalesce(lag(scheduled_amount) over by_month, 0)) * kept_share') }} as correction_amount
    from scheduled
    window by_month as (partition by transfer_period, {{ sale }} order by period)
),

released as (
    select
        stepped.*,
        coalesce(lag(kept_gain) over by_month, gain_amount) - kept_gain as cost_release,
        coalesce(lag(unrealised_amount) over by_month, gain_amount) - unrealised_amount - correction_amount as released_amount
    from stepped
    window by_month as (partition by transfer_period, {{ sale }} order by period)
),

-- The buyer's own depreciation account, of the first month that has one the largest.
expense_accounts as (
    select entries.member_id, entries.period, entries.account_code
    from {{ ref('ledger__entry') }} as entries
    inner join (select distinct b_member_id from scheduled) as buyers on entries.member_id = buyers.b_member_id
    where entries.cost_element = 'depreciation' and entries.account_type = 'expense' and not entries.is_closing
    group by entries.member_id, entries.period, entries.account_code
    qualify row_number() over (
        partition by entries.member_id order by entries.period, sum(entries.amount) desc, entries.account_code
    ) = 1
),

-- What a disposal costs stands where the rule's own losses do.
disposal_accounts as (
    select sides.period, min(accounts.account_code) as account_code
    from {{ ref('int_ledger__elimination_side') }} as sides
    inner join {{ ref('core__account') }} as accounts on sides.account_prefix = accounts.account_code
    where sides.rule_id = '{{ rule }}' and sides.side = 'a' and accounts.account_type = 'expense'
    group by sides.period
)

select
    released.period,
    released.transfer_period,
    released.start_period,
    released.a_member_id,
    released.b_member_id,
    released.ic_reference,
    released.asset_account,
    coalesce(own.account_code, '1602') as depreciation_account,
    coalesce(
        expense_accounts.account_code,
        (select min(account_code) from {{ ref('core__account') }} where cost_element = 'depreciation')
    ) as expense_account,
    {{ required('disposal_accounts.account_code', "'an expense account among the debit accounts of rule " ~ rule
        ~ " in elimination_rules.csv, which a disposal goes to'") }} as disposal_account,
    released.life_months,
    released.is_in_register,
    released.gain_amount,
    released.kept_share,
    {{ money('released.correction_amount') }} as correction_amount,
    {{ money('released.cost_release') }} as cost_release,
    {{ money('released.released_amount') }} as released_amount,
    {{ money('released.unrealised_amount') }} as unrealised_amount
from released
left join {{ ref('core__account') }} as own on own.account_code = '1602' || substring(released.asset_account, 5)
left join disposal_accounts on released.start_period = disposal_accounts.period
left join expense_accounts
    on released.b_member_id = expense_accounts.member_id and released.period >= expense_accounts.period
where released.period = released.start_period
    or released.unrealised_amount <> 0
    or released.correction_amount <> 0
    or released.released_amount <> 0
    or released.cost_release <> 0
