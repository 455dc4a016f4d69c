-- One row per leg, period, rule and pair of members: both sides, what is eliminated, what is left and why.
-- Eliminated is the smaller of both. The rest stands on IC_DIFF (reading of the reference-data page), but for what is no
-- disagreement (explained): the margin in goods sold at more than their cost and received, the rest of an equity elimination,
-- and of a capped rule what one side books in another month, in the later one. Open is what is left to explain.
{% set pair = 'leg, period, rule_id, a_member_id, b_member_id' %}

with matched as (
    select
        {{ pair }},
        {{ money('sum(a_amount)') }} as a_amount,
        {{ money('sum(b_amount)') }} as b_amount,
        {{ money("sum(case when match_step = 'reference' then least(abs(a_amount), abs(b_amount)) else 0 end)") }}
            as matched_by_reference,
        -- What no amount of the other side answers, and a document of it.
        sum(case when match_step = 'total' then a_amount else 0 end) as a_open,
        sum(case when match_step = 'total' then b_amount else 0 end) as b_open,
        sum(case when match_step <> 'total' then abs(a_amount - b_amount) else 0 end) as differing,
        min(case when match_step = 'total' or a_amount <> b_amount then first_reference end) as open_reference
    from {{ ref('int_ledger__intercompany_match') }}
    group by {{ pair }}
),

stock as (
    select 'movement' as leg, '{{ var("stock_transfer_rule") }}' as rule_id, transfers.*
    from {{ ref('int_ledger__stock_transfer') }} as transfers
),

-- Goods that come in or leave the books of both in a month without a sale have a pair of their own.
totals as (
    select * from matched

    union all

    select {{ pair }}, {{ money('0') }}, {{ money('0') }}, {{ money('0') }}, 0, 0, 0, cast(null as {{ dbt.type_string() }})
    from stock
    left join matched using ({{ pair }})
    where matched.leg is null and stock.in_transit_change <> 0
),

-- Gains of the month whose asset is booked in it, has been, or will be; and those of earlier ones that it brings the asset of.
sales as (
    select
        'movement' as leg,
        period,
        '{{ var("asset_sale_rule") }}' as rule_id,
        a_member_id,
        b_member_id,
        {% for when in ['at_once', 'had_come', 'will_come', 'comes'] -%}
        sum(case when arrival = '{{ when }}' then gain_amount else 0 end) as {{ when }}{{ ',' if not loop.last }}
        {% endfor %}
    from (
        select
            transfer_period as period,
            a_member_id,
            b_member_id,
            case
                when arrival_period = transfer_period then 'at_once'
                when arrival_period < transfer_period then 'had_come'
                else 'will_come'
            end as arrival,
            gain_amount
        from {{ ref('int_ledger__asset_sale') }}

        union all

        select arrival_period, a_member_id, b_member_id, 'comes', gain_amount
        from {{ ref('int_ledger__asset_sale') }}
        where arrival_period > transfer_period
    ) as months
    group by period, a_member_id, b_member_id
),

rules as (
    select distinct period, rule_id, leg, is_pooled, is_capped, difference_account, tolerance_abs, tolerance_rel
    from {{ ref('int_ledger__elimination_side') }}
),

compared as (
    select
        totals.*,
        rules.is_pooled,
        rules.is_capped,
        {{ money('totals.a_amount - totals.b_amount') }} as difference,
        {{ money("case
            when rules.is_capped then coalesce(sales.at_once, 0)
            when totals.a_amount > 0 and totals.b_amount > 0 then least(totals.a_amount, totals.b_amount)
            when totals.a_amount < 0 and totals.b_amount < 0 then greatest(totals.a_amount, totals.b_amount)
            else 0
        end") }} as eliminated_amount,
        greatest(
            rules.tolerance_abs, rules.tolerance_rel * greatest(abs(totals.a_amount), abs(totals.b_amount))
        ) as tolerance,
        {{ money("case
            when rules.is_capped then coalesce(sales.had_come + sales.comes, 0)
            when stock.is_margin_known
                then stock.margin_amount - stock.expensed_amount - stock.in_transit_margin_change
            when rules.difference_account is not null and totals.a_amount <> 0 and totals.b_amount <> 0
                then totals.a_amount - totals.b_amount
            else 0
        end") }} as explained_amount,
        coalesce(nullif(sales.will_come, 0), timing.a_ahead_of_b, 0) as a_ahead_of_b,
        -- Of balances the month's postings tell whose business it is.
        case when totals.leg = 'balance' and timing.is_one_sided then timing.unanswered_amount end as one_sided_amount,
        timing.open_reference as posted_reference,
        coalesce(sales.had_come + sales.comes, 0) <> 0 as is_of_another_month,
        coalesce(sales.had_come, 0) as had_come,
        case when stock.is_margin_known then stock.in_transit_change end as in_transit_change,
        stock.received_amount
    from totals
    inner join rules using (period, rule_id, leg)
    left join {{ ref('int_ledger__intercompany_timing') }} as timing using ({{ pair }})
    left join stock using ({{ pair }})
    left join sales using ({{ pair }})
),

-- Goods in transit are open at their price, even where they are sold at cost.
opened as (
    select
        compared.*,
        coalesce(in_transit_change, case
            when is_capped then a_amount - eliminated_amount - had_come
            else difference - explained_amount
        end) as open_amount
    from compared
),

-- A difference that another pair of one of the two has the other way round: booked against the wrong member.
elsewhere as (
    select distinct here.leg, here.period, here.rule_id, here.a_member_id, here.b_member_id
    from opened as here
    inner join opened as there
        on here.leg = there.leg
        and here.period = there.period
        and here.rule_id = there.rule_id
        and here.open_amount = -there.open_amount
        and (
            (here.a_member_id = there.a_member_id and here.b_member_id <> there.b_member_id)
            or (here.b_member_id = there.b_member_id and here.a_member_id <> there.a_member_id)
        )
    where abs(here.open_amount) > here.tolerance
),

-- Goods of one month that the other one's books answer.
arrivals as (
    select distinct here.leg, here.period, here.rule_id, here.a_member_id, here.b_member_id
    from opened as here
    inner join opened as there
        on here.leg = there.leg
        and here.rule_id = there.rule_id
        and here.a_member_id = there.a_member_id
        and here.b_member_id = there.b_member_id
        and there.period in ({{ month_add('here.period', -1) }}, {{ month_add('here.period', 1) }})
    where abs(here.in_transit_change + there.in_transit_change) <= here.tolerance
)

select
    {{ pair }},
    opened.is_capped,
    opened.is_pooled,
    opened.a_amount,
    opened.b_amount,
    opened.difference,
    opened.explained_amount,
    opened.eliminated_amount,
    opened.matched_by_reference,
    coalesce(opened.open_reference, opened.posted_reference) as open_reference,
    {{ money('opened.tolerance') }} as tolerance,
    {{ money('opened.open_amount') }} as open_amount,
    coalesce(opened.in_transit_change, 0) <> 0 as is_in_transit,
    case
        when abs(opened.open_amount) <= opened.tolerance then
            case when opened.is_of_another_month then 'timing' else 'matched' end
        when opened.a_ahead_of_b <> 0 and abs(opened.open_amount - opened.a_ahead_of_b) <= opened.tolerance then 'timing'
        when arrivals.leg is not null then 'timing'
        when elsewhere.leg is not null then 'wrong_counterparty'
        when opened.in_transit_change is not null then
            case when opened.received_amount = 0 or opened.a_amount = 0 then 'one_sided' else 'difference' end
        when opened.a_amount = 0 or opened.b_amount = 0 or (opened.is_capped and opened.eliminated_amount = 0)
            or abs(opened.open_amount - opened.one_sided_amount) <= opened.tolerance
            or (opened.leg = 'movement' and opened.differing = 0 and (opened.a_open = 0 or opened.b_open = 0))
            then 'one_sided'
        else 'difference'
    end as status
from opened
left join elsewhere using ({{ pair }})
left join arrivals using ({{ pair }})
