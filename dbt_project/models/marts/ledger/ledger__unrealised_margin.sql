-- One row per period, rule, seller, buyer and reference: margin of business between members that still stands in the buyer's
-- stock (E09) or in the cost of its assets (E10), taken out of the consolidated figures until it is earned outside.
-- Of months in which both have books: only then is it in the members' figures, and taken out.
with books as (
    select distinct period, member_id from {{ ref('int_ledger__trial_balance') }}
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
        unrealised_amount,
        cast(null as integer) as life_months,
        cast(null as decimal(18, 2)) as released_amount
    from {{ ref('int_ledger__stock_transfer') }}

    union all

    select
        period,
        '{{ var("asset_sale_rule") }}',
        a_member_id,
        b_member_id,
        ic_reference || ' ' || transfer_period,
        cast(null as decimal(18, 2)),
        case when period = transfer_period then gain_amount else {{ money('0') }} end,
        cast(null as decimal(18, 6)),
        cast(null as decimal(18, 2)),
        unrealised_amount,
        life_months,
        released_amount
    from {{ ref('int_ledger__asset_transfer') }}
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
    margins.margin_amount,
    margins.margin_rate,
    margins.held_amount,
    margins.life_months,
    margins.released_amount,
    margins.unrealised_amount
from margins
inner join books on margins.period = books.period and margins.b_member_id = books.member_id
inner join books as of_seller on margins.period = of_seller.period and margins.a_member_id = of_seller.member_id
left join {{ elimination_rule_names() }} as rules
    on margins.period = rules.period and margins.rule_id = rules.rule_id
left join {{ ref('core__member') }} as sellers on margins.a_member_id = sellers.member_id
left join {{ ref('core__member') }} as buyers on margins.b_member_id = buyers.member_id
