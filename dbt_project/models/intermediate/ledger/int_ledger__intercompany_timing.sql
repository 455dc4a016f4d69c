-- One row per leg, period, rule and pair with business of the month that only one side books in it: by how much side a is ahead
-- of side b (timing), what is answered in no month beside, and a document of it.
-- A line is ahead when it says so (ic_period). Else a reference, or an amount where there is none, is ahead by what one
-- side books more of it in the period, as far as the other side books more of it in the period before or after: what
-- is answered in its own period answers no other.
{% set pair = 'leg, rule_id, a_member_id, b_member_id' %}

with booked as (
    select
        'movement' as leg,
        period,
        rule_id,
        side,
        a_member_id,
        b_member_id,
        ic_reference,
        ic_period,
        own_amount
    from {{ ref('int_ledger__intercompany_line') }}
    where leg = 'movement'

    union all

    -- The postings of the month on accounts whose balances are compared.
    select
        balances.leg,
        balances.period,
        balances.rule_id,
        balances.side,
        balances.a_member_id,
        balances.b_member_id,
        postings.ic_reference,
        postings.ic_period,
        case when sign(balances.own_amount) = sign(balances.amount) then postings.amount else -postings.amount end
    from {{ ref('int_ledger__intercompany_line') }} as balances
    inner join {{ ref('int_ledger__intercompany_fact') }} as postings
        on balances.period = postings.period
        and balances.member_id = postings.member_id
        and balances.counterparty_member_id = postings.counterparty_member_id
        and balances.account_code = postings.account_code
    where balances.leg = 'balance' and postings.leg = 'movement'
),

-- What side a books more (side b: less than nothing) of a reference, or of an amount; open is what no line of it explains.
ahead as (
    select
        {{ pair }},
        period,
        ic_reference,
        case when ic_reference is null then own_amount end as each_amount,
        count(distinct side) as sides,
        sum(case side when 'a' then own_amount else -own_amount end) as amount,
        sum(case when ic_period <> period then 0 when side = 'a' then own_amount else -own_amount end) as open_amount,
        sum(case when ic_period <> period then case side when 'a' then own_amount else -own_amount end else 0 end)
            as said_amount
    from booked
    group by all
),

-- The other side's document may say another amount; of an amount without one there may be several.
judged as (
    select
        here.leg,
        here.period,
        here.rule_id,
        here.a_member_id,
        here.b_member_id,
        here.ic_reference,
        here.sides,
        here.open_amount,
        here.said_amount,
        case
            when count(there.leg) = 0 then 0
            when here.ic_reference is not null then here.open_amount
            else sign(here.open_amount) * least(abs(here.open_amount), sum(abs(there.amount)))
        end as made_up_amount
    from ahead as here
    left join ahead as there
        on here.leg = there.leg
        and here.rule_id = there.rule_id
        and here.a_member_id = there.a_member_id
        and here.b_member_id = there.b_member_id
        and coalesce(here.ic_reference, '') = coalesce(there.ic_reference, '')
        and coalesce(here.each_amount, 0) = coalesce(there.each_amount, 0)
        and there.period in ({{ month_add('here.period', -1) }}, {{ month_add('here.period', 1) }})
        and sign(here.open_amount) = -sign(there.amount)
    where here.open_amount <> 0 or here.said_amount <> 0
    group by
        here.leg,
        here.period,
        here.rule_id,
        here.a_member_id,
        here.b_member_id,
        here.ic_reference,
        here.each_amount,
        here.sides,
        here.open_amount,
        here.said_amount
)

select
    leg,
    period,
    rule_id,
    a_member_id,
    b_member_id,
    {{ money('sum(said_amount + made_up_amount)') }} as a_ahead_of_b,
    {{ money('sum(open_amount - made_up_amount)') }} as unanswered_amount,
    -- Whether all of it is business that one side has nothing of.
    max(case when open_amount <> made_up_amount then sides else 1 end) = 1 and (
        min(open_amount - made_up_amount) >= 0 or max(open_amount - made_up_amount) <= 0
    ) as is_one_sided,
    min(ic_reference) as open_reference
from judged
group by leg, period, rule_id, a_member_id, b_member_id
