-- One row per period, member, counterparty, elimination rule, leg and side: what the member's books hold of business with
-- the other, what the other's hold of it, and what is eliminated. The rest stands on IC_DIFF, never in another account, but
-- for what is no disagreement: a margin or the rest of an equity elimination (explained_amount).
-- Of a pooled rule (a sale and its cost, an allowance and its expense) both sides are told by side a's member.
with sides as (
    select
        pairs.*,
        'a' as side,
        a_member_id as member_id,
        b_member_id as counterparty_member_id,
        a_amount as own_amount,
        b_amount as counterparty_amount
    from {{ ref('int_ledger__intercompany_pair') }} as pairs

    union all

    select
        pairs.*,
        'b',
        case when is_pooled then a_member_id else b_member_id end,
        case when is_pooled then b_member_id else a_member_id end,
        b_amount,
        a_amount
    from {{ ref('int_ledger__intercompany_pair') }} as pairs
)

select
    sides.period,
    sides.member_id,
    own.name as member_name,
    sides.counterparty_member_id,
    other.name as counterparty_member_name,
    sides.rule_id,
    rules.rule_name,
    sides.leg,
    sides.side,
    sides.own_amount,
    sides.counterparty_amount,
    {{ money('sides.own_amount - sides.counterparty_amount') }} as difference,
    sides.eliminated_amount,
    {{ money("case when sides.side = 'a' then sides.explained_amount else -sides.explained_amount end") }}
        as explained_amount,
    {{ money("case
        when sides.is_capped then case
            when sides.side = 'a' then sides.own_amount - sides.eliminated_amount - sides.explained_amount
            else 0
        end
        when sides.explained_amount <> 0 then case
            when sides.side = 'a' then sides.difference - sides.explained_amount
            else 0
        end
        else sides.own_amount - sides.eliminated_amount
    end") }} as suspense_amount,
    sides.matched_by_reference,
    sides.tolerance,
    sides.status,
    case sides.status
        when 'matched' then
            case
                when sides.is_capped and sides.eliminated_amount <> 0
                    then '内部损益自资产成本中抵销 · the gain or loss goes out of the asset''s cost'
                when sides.is_capped then '按账面价值转让，无内部损益 · sold at what it stood at: no gain to take out'
                when sides.own_amount = sides.counterparty_amount then '相符 · both sides agree'
                when sides.explained_amount <> 0 and sides.rule_id = '{{ var("stock_transfer_rule") }}'
                    then '差额为内部销售毛利 · the difference is the margin in the goods'
                when sides.explained_amount <> 0 then '差额转权益 · the difference goes to equity'
                else '容差内 · the difference is within tolerance'
            end
        when 'timing' then
            case
                when sides.is_in_transit then '在途，买方在相邻期间入账 · goods in transit: the buyer books them in a month beside'
                else '对方在其他期间入账 · the other side books it in another period'
            end
        when 'wrong_counterparty' then '疑记错往来单位 · another pair is out by the same amount: booked against the wrong member'
        when 'one_sided' then
            case
                when sides.is_in_transit then '已售出，买方未入账（在途） · sold, in no books of the buyer: goods in transit'
                when sides.own_amount = 0 then '本方未入账 · nothing in this member''s books'
                when sides.counterparty_amount = 0 then '对方未入账 · nothing in the counterparty''s books'
                when (sides.open_amount > 0) = (sides.side = 'a')
                    then '对方有业务未入账 · some of it is not in the counterparty''s books'
                else '本方有业务未入账 · some of it is not in this member''s books'
            end
        else
            case
                when sides.is_in_transit then '买方入账金额与销售额不符 · the buyer books other amounts of goods than were sold'
                else '双方金额不符 · the amounts differ'
            end
    end as reason,
    case when sides.status <> 'matched' then sides.open_reference end as open_reference
from sides
left join {{ elimination_rule_names() }} as rules
    on sides.period = rules.period and sides.rule_id = rules.rule_id
left join {{ ref('core__member') }} as own on sides.member_id = own.member_id
left join {{ ref('core__member') }} as other on sides.counterparty_member_id = other.member_id
