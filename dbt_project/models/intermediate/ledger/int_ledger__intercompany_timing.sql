-- One row per leg, period, rule and pair whose sides book in different periods: by how much side a is ahead of side b.
-- A line is ahead when it says so (ic_period) or when the other side books its reference, or its amount where it has
-- none, in the period before or after and not in this one.
with booked as (
    select
        'movement' as leg,
        period,
        rule_id,
        side,
        a_member_id,
        b_member_id,
        member_id,
        counterparty_member_id,
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
        balances.member_id,
        balances.counterparty_member_id,
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

answers as (
    select distinct leg, period, rule_id, a_member_id, b_member_id, side, ic_reference, own_amount
    from booked
),

answered as (
    select
        booked.leg,
        booked.period,
        booked.rule_id,
        booked.a_member_id,
        booked.b_member_id,
        booked.side,
        booked.member_id,
        booked.ic_reference,
        booked.ic_period,
        booked.own_amount,
        max(case when answers.period = booked.period then 1 else 0 end) as is_answered_now,
        max(case when answers.period <> booked.period then 1 else 0 end) as is_answered_beside
    from booked
    left join answers
        on booked.leg = answers.leg
        and booked.rule_id = answers.rule_id
        and booked.a_member_id = answers.a_member_id
        and booked.b_member_id = answers.b_member_id
        and booked.side <> answers.side
        and answers.period in (
            booked.period, {{ month_add('booked.period', -1) }}, {{ month_add('booked.period', 1) }}
        )
        and case
            when booked.ic_reference is not null then booked.ic_reference = answers.ic_reference
            else answers.ic_reference is null and booked.own_amount = answers.own_amount
        end
    group by all
)

select
    leg,
    period,
    rule_id,
    a_member_id,
    b_member_id,
    {{ money("sum(case side when 'a' then own_amount else -own_amount end)") }} as a_ahead_of_b
from answered
where (ic_period is not null and ic_period <> period)
    or (is_answered_now = 0 and is_answered_beside = 1)
group by leg, period, rule_id, a_member_id, b_member_id
