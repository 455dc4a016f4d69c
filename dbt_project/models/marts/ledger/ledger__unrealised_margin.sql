-- One row per period, rule, seller, buyer and reference: margin of business between members that still stands in the buyer's
-- stock (E09) or in the cost of its assets (E10), taken out of the consolidated figures until it is earned outside. Part of it
-- is in transit: the buyer has not booked the goods or the asset, and it stands on IC_DIFF. Of months in which both are members
-- and have books: only then is it in the members' figures, and taken out.
with books as (
    select distinct period, member_id
    from {{ ref('int_ledger__trial_balance') }}
    inner join {{ ref('int_ledger__membership') }} using (period, member_id)
),

-- A gain until the buyer books the asset, and what its entry is too small for.
asset_sales as (
    select
        books.period,
        sales.*,
        sales.sale_gain_amount
            - case when books.period >= sales.start_period then sales.gain_amount else 0 end as in_transit_amount
    from {{ ref('int_ledger__asset_sale') }} as sales
    inner join books on sales.b_member_id = books.member_id and books.period >= sales.transfer_period
),

margins as (
    select
        period,
        '{{ var("stock_transfer_rule") }}' as rule_id,
        a_member_id,
        b_member_id,
        '-' as ic_reference,
        sold_amount as transferred_amount,
        margin_amount,
        margin_rate,
        held_amount,
        in_transit_margin as in_transit_amount,
        unrealised_amount,
        cast(null as integer) as life_months,
        cast(null as decimal(18, 2)) as released_amount
    from {{ ref('int_ledger__stock_transfer') }}

    union all

    select
        sales.period,
        '{{ var("asset_sale_rule") }}',
        sales.a_member_id,
        sales.b_member_id,
        sales.ic_reference || ' ' || sales.transfer_period,
        cast(null as decimal(18, 2)),
        case when sales.period = sales.transfer_period then sales.sale_gain_amount else 0 end,
        cast(null as decimal(18, 6)),
        cast(null as decimal(18, 2)),
        sales.in_transit_amount,
        sales.in_transit_amount + coalesce(assets.unrealised_amount, 0),
        assets.life_months,
        assets.released_amount
    from asset_sales as sales
    left join {{ ref('int_ledger__asset_transfer') }} as assets
        on sales.period = assets.period
        and sales.transfer_period = assets.transfer_period
        and sales.a_member_id = assets.a_member_id
        and sales.b_member_id = assets.b_member_id
        and sales.ic_reference = assets.ic_reference
    where assets.period is not null or sales.in_transit_amount <> 0
)

select
    margins.period,
    margins.rule_id,
    rules.rule_name,
    margins.a_member_id as seller_member_id,
    sellers.name as seller_member_name,
    margins.b_member_id as buyer_member_id,
    buyers.name as buyer_member_name,
    margins.ic_reference,
    margins.transferred_amount,
    {{ money('margins.margin_amount') }} as margin_amount,
    margins.margin_rate,
    margins.held_amount,
    margins.life_months,
    margins.released_amount,
    {{ money('margins.in_transit_amount') }} as in_transit_amount,
    {{ money('margins.unrealised_amount') }} as unrealised_amount
from margins
inner join books on margins.period = books.period and margins.b_member_id = books.member_id
inner join books as of_seller on margins.period = of_seller.period and margins.a_member_id = of_seller.member_id
left join {{ elimination_rule_names() }} as rules
    on margins.period = rules.period and margins.rule_id = rules.rule_id
left join {{ ref('core__member') }} as sellers on margins.a_member_id = sellers.member_id
left join {{ ref('core__member') }} as buyers on margins.b_member_id = buyers.member_id
