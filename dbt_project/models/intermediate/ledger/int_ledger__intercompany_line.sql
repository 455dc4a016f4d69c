-- One row per internal amount that an elimination rule covers, on its rule and side.
-- own_amount is what the member's own books hold in the side's natural direction (a receivable or an expense in debit, a
-- payable or an income in credit), so that both sides of a pair are positive. The rule is chosen by ic_type where it is
-- said, or said on the counterparty's line of the same reference (in that month or an earlier one); else by the longest account prefix, together with the
-- best that the counterparty's books offer on the other side (a rule nobody answers is not the likely one).
with types_by_reference as (
    select facts.fact_id, min(others.ic_type) as ic_type
    from {{ ref('int_ledger__intercompany_fact') }} as facts
    inner join {{ ref('int_ledger__intercompany_fact') }} as others
        on facts.leg = others.leg
        and facts.member_id = others.counterparty_member_id
        and facts.counterparty_member_id = others.member_id
        and facts.ic_reference = others.ic_reference
        and others.period <= facts.period
    where facts.ic_type is null and others.ic_type is not null
    group by facts.fact_id
    having count(distinct others.ic_type) = 1
),

typed as (
    select facts.*, coalesce(facts.ic_type, others.ic_type) as known_type
    from {{ ref('int_ledger__intercompany_fact') }} as facts
    left join types_by_reference as others using (fact_id)
),

candidates as (
    select
        typed.fact_id,
        typed.leg,
        typed.period,
        typed.member_id,
        typed.counterparty_member_id,
        typed.account_code,
        typed.ic_reference,
        typed.ic_period,
        typed.voucher_no,
        typed.line_no,
        typed.amount,
        sides.rule_id,
        sides.side,
        sides.is_pooled,
        case sides.entry_side when 'credit' then typed.amount else -typed.amount end as own_amount,
        case when typed.known_type = sides.ic_type then 1 else 0 end as is_said,
        max(length(sides.account_prefix)) as fit
    from typed
    inner join {{ ref('int_ledger__elimination_side') }} as sides
        on typed.period = sides.period
        and typed.leg = sides.leg
        and left(typed.account_code, length(sides.account_prefix)) = sides.account_prefix
        -- An asset that leaves again is no purchase: its disposal is told by int_ledger__sold_asset.
        and not (sides.is_capped and sides.side = 'b' and typed.is_credit)
    group by all
),

offers as (
    select leg, period, member_id, counterparty_member_id, rule_id, side, max(fit) as fit
    from candidates
    group by leg, period, member_id, counterparty_member_id, rule_id, side
),

ranked as (
    select
        candidates.*,
        row_number() over (
            partition by candidates.fact_id
            order by
                candidates.is_said desc,
                candidates.fit + coalesce(offers.fit, 0) desc,
                candidates.is_pooled,
                candidates.rule_id,
                case when candidates.own_amount > 0 then 0 else 1 end,
                candidates.side
        ) as preference
    from candidates
    left join offers
        on candidates.leg = offers.leg
        and candidates.period = offers.period
        and candidates.member_id = offers.counterparty_member_id
        and candidates.counterparty_member_id = offers.member_id
        and candidates.rule_id = offers.rule_id
        and candidates.side <> offers.side
),

-- A pooled rule's side b (the cost of a sale, the expense of an allowance) may stand in the books of side a's member.
sided as (
    select
        chosen.*,
        chosen.side = 'b' and chosen.is_pooled and own_side.leg is not null as is_own_business
    from ranked as chosen
    left join (
        select distinct leg, period, member_id, counterparty_member_id, rule_id from ranked where preference = 1 and side = 'a'
    ) as own_side
        on chosen.leg = own_side.leg
        and chosen.period = own_side.period
        and chosen.member_id = own_side.member_id
        and chosen.counterparty_member_id = own_side.counterparty_member_id
        and chosen.rule_id = own_side.rule_id
    where chosen.preference = 1
)

select
    fact_id,
    leg,
    period,
    rule_id,
    side,
    member_id,
    counterparty_member_id,
    case when side = 'a' or is_own_business then member_id else counterparty_member_id end as a_member_id,
    case when side = 'a' or is_own_business then counterparty_member_id else member_id end as b_member_id,
    account_code,
    ic_reference,
    ic_period,
    voucher_no,
    line_no,
    amount,
    {{ money('own_amount') }} as own_amount
from sided
