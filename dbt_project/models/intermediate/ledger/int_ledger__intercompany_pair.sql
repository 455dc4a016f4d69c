-- One row per leg, period, rule and pair of members: both sides, what is eliminated, what is left and why.
-- Eliminated is the smaller of both. The rest stands on IC_DIFF (reading of the reference-data page), but for what is no
-- disagreement (explained): the margin in goods sold at more than their cost, and the rest of an equity elimination.
{% set pair = 'leg, period, rule_id, a_member_id, b_member_id' %}

with totals as (
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

rules as (
    select distinct period, rule_id, leg, is_pooled, is_capped, difference_account, tolerance_abs, tolerance_rel
    from {{ ref('int_ledger__elimination_side') }}
),

compared as (
    select
        totals.*,
        rules.is_pooled,
        rules.is_capped,
        -- A capped rule takes side a's amount out of the other (a gain out of an asset's cost): more there is no difference,
        -- and a loss, which goes back into the asset's cost, has none.
        {{ money('case when rules.is_capped then greatest(totals.a_amount - totals.b_amount, 0)
            else totals.a_amount - totals.b_amount end') }} as difference,
        case
            when rules.is_capped and totals.a_amount < 0 and totals.b_amount > 0 then totals.a_amount
            when totals.a_amount > 0 and totals.b_amount > 0 then least(totals.a_amount, totals.b_amount)
            when totals.a_amount < 0 and totals.b_amount < 0 then greatest(totals.a_amount, totals.b_amount)
            else {{ money('0') }}
        end as eliminated_amount,
        greatest(
            rules.tolerance_abs, rules.tolerance_rel * greatest(abs(totals.a_amount), abs(totals.b_amount))
        ) as tolerance,
        {{ money("case
            when stock.margin_amount is not null then stock.margin_amount
            when rules.difference_account is not null and totals.a_amount <> 0 and totals.b_amount <> 0
                then totals.a_amount - totals.b_amount
            else 0
        end") }} as explained_amount,
        coalesce(timing.a_ahead_of_b, 0) as a_ahead_of_b
    from totals
    inner join rules using (period, rule_id, leg)
    left join {{ ref('int_ledger__intercompany_timing') }} as timing using ({{ pair }})
    left join {{ ref('int_ledger__stock_transfer') }} as stock
        on totals.leg = 'movement'
        and totals.rule_id = '{{ var("stock_transfer_rule") }}'
        and totals.period = stock.period
        and totals.a_member_id = stock.a_member_id
        and totals.b_member_id = stock.b_member_id
),

-- A difference that another pair of one of the two has the other way round: booked against the wrong member.
elsewhere as (
    select distinct here.leg, here.period, here.rule_id, here.a_member_id, here.b_member_id
    from compared as here
    inner join compared as there
        on here.leg = there.leg
        and here.period = there.period
        and here.rule_id = there.rule_id
        and here.difference = -there.difference
        and (
            (here.a_member_id = there.a_member_id and here.b_member_id <> there.b_member_id)
            or (here.b_member_id = there.b_member_id and here.a_member_id <> there.a_member_id)
        )
    where abs(here.difference - here.explained_amount) > here.tolerance
)

select
    {{ pair }},
    compared.is_capped,
    compared.is_pooled,
    compared.a_amount,
    compared.b_amount,
    compared.difference,
    compared.explained_amount,
    compared.eliminated_amount,
    compared.matched_by_reference,
    compared.open_reference,
    {{ money('compared.tolerance') }} as tolerance,
    case
        when abs(compared.difference - compared.explained_amount) <= compared.tolerance then 'matched'
        when compared.a_ahead_of_b <> 0 and abs(compared.difference - compared.a_ahead_of_b) <= compared.tolerance
            then 'timing'
        when elsewhere.leg is not null then 'wrong_counterparty'
        when compared.a_amount = 0 or compared.b_amount = 0
            or (compared.differing = 0 and (compared.a_open = 0 or compared.b_open = 0))
            then 'one_sided'
        else 'difference'
    end as status
from compared
left join elsewhere using ({{ pair }})
