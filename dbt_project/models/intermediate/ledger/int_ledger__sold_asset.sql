-- One row per month and internal asset sale, from the month in which both sides are booked (E10, domain 2.6.2): the gain inside
-- the buyer's cost, the asset's life, and how much of it the buyer still has, as known in each month.
-- Life: the buyer's asset register where an asset bears the sale's reference, else transferred_asset_life_months. What a later
-- register says is caught up in that month, a closed one stays.
-- Disposed of: the buyer credits the asset and names the seller (in parts: by what it paid), or its next register no longer
-- has the asset. Sold on to a member under the same reference it stays in the consortium, and so does the gain.
{% set rule = var('asset_sale_rule') %}
{% set sale = 'a_member_id, b_member_id, ic_reference' %}

with transfers as (
    select
        sales.*,
        policy.transferred_asset_life_months,
        -- How the asset register calls it.
        case when sales.ic_reference = '-' then sales.receipt_reference else sales.ic_reference end as asset_id
    from {{ ref('int_ledger__asset_sale') }} as sales
    inner join {{ policy_in_force(['transferred_asset_life_months']) }} as policy
        on sales.start_period = policy.period and sales.b_member_id = policy.member_id
    where sales.gain_amount <> 0
),

owned as (
    select
        transfers.*,
        calendar.period,
        row_number() over (partition by transfers.transfer_period, {{ sale }} order by calendar.period) as month_number
    from transfers
    inner join {{ ref('int_reference__period') }} as calendar on calendar.period >= transfers.arrival_period
),

-- From when both sides are known.
months as (
    select * from owned where period >= start_period
),

-- What left the buyer's books naming the seller, and what had come, both to date.
left_and_came as (
    select
        facts.period,
        facts.counterparty_member_id as a_member_id,
        facts.member_id as b_member_id,
        coalesce(facts.ic_reference, '-') as ic_reference,
        sum(case when facts.is_credit then -facts.amount else 0 end) as disposed,
        sum(case when facts.is_credit then 0 else facts.amount end) as bought
    from {{ ref('int_ledger__intercompany_fact') }} as facts
    inner join (
        select distinct period, account_prefix
        from {{ ref('int_ledger__elimination_side') }}
        where rule_id = '{{ rule }}' and leg = 'movement' and side = 'b'
    ) as assets
        on facts.period = assets.period and left(facts.account_code, length(assets.account_prefix)) = assets.account_prefix
    where facts.leg = 'movement'
    group by facts.period, facts.counterparty_member_id, facts.member_id, coalesce(facts.ic_reference, '-')
),

marked as (
    select
        months.period,
        months.transfer_period,
        months.a_member_id,
        months.b_member_id,
        months.ic_reference,
        sum(left_and_came.disposed) as disposed,
        sum(left_and_came.bought) as bought
    from months
    inner join left_and_came
        on months.a_member_id = left_and_came.a_member_id
        and months.b_member_id = left_and_came.b_member_id
        and months.receipt_reference = left_and_came.ic_reference
        and left_and_came.period between months.arrival_period and months.period
    group by months.period, months.transfer_period, months.a_member_id, months.b_member_id, months.ic_reference
),

sold_on as (
    select distinct months.period, months.transfer_period, months.a_member_id, months.b_member_id, months.ic_reference
    from months
    inner join {{ ref('int_ledger__intercompany_line') }} as again
        on months.b_member_id = again.a_member_id
        and months.asset_id = again.ic_reference
        and again.period between months.arrival_period and months.period
    where again.leg = 'movement' and again.rule_id = '{{ rule }}'
),

register as (
    select
        assets.period,
        assets.member_id,
        assets.asset_id,
        coalesce(max(round({{ exact_quotient('assets.original_cost', 'assets.monthly_depreciation', 2) }})), 0) as life_months
    from {{ ref('stg_assets') }} as assets
    inner join (select distinct b_member_id, asset_id from transfers) as sought
        on assets.member_id = sought.b_member_id and assets.asset_id = sought.asset_id
    group by assets.period, assets.member_id, assets.asset_id
),

registered as (
    select
        months.period,
        months.transfer_period,
        {{ sale }},
        max(register.life_months) as life_months,
        max(register.period) as last_period
    from months
    inner join register
        on months.b_member_id = register.member_id
        and months.asset_id = register.asset_id
        and months.period >= register.period
    group by months.period, months.transfer_period, {{ sale }}
),

-- The newest register that a buyer has delivered by a month.
newest_register as (
    select months.period, months.b_member_id, max(delivered.period) as register_period
    from (select distinct period, b_member_id from months) as months
    inner join (select distinct period, member_id from {{ ref('stg_assets') }}) as delivered
        on months.b_member_id = delivered.member_id and months.period >= delivered.period
    group by months.period, months.b_member_id
)

select
    months.period,
    months.transfer_period,
    months.start_period,
    months.month_number,
    months.a_member_id,
    months.b_member_id,
    months.ic_reference,
    months.asset_account,
    months.gain_amount,
    cast(coalesce(registered.life_months, months.transferred_asset_life_months) as integer) as life_months,
    registered.period is not null as is_in_register,
    cast(case
        when sold_on.period is not null then 1
        when registered.last_period < newest_register.register_period then 0
        when coalesce(marked.disposed, 0) <= 0 then 1
        else 1 - least(1, coalesce({{ ratio('marked.disposed', 'marked.bought') }}, 1))
    end as decimal(18, 6)) as kept_share
from months
left join marked using (period, transfer_period, {{ sale }})
left join registered using (period, transfer_period, {{ sale }})
left join sold_on using (period, transfer_period, {{ sale }})
left join newest_register
    on months.period = newest_register.period and months.b_member_id = newest_register.b_member_id
