-- One row per period, member, counterparty and account: the part of an allowance on a member (E03, 1219) that was not set
-- aside in a period of the lake. Its expense stands in accumulated surplus, no longer in any period's cost.
with allowances as (
    select
        balances.period,
        balances.member_id,
        balances.counterparty_member_id,
        balances.account_code,
        balances.account_type,
        sides.rule_id,
        balances.closing_balance
    from {{ ref('int_ledger__trial_balance') }} as balances
    inner join (
        select distinct period, rule_id, account_prefix
        from {{ ref('int_ledger__elimination_side') }}
        where rule_id = 'E03' and leg = 'movement' and entry_side = 'debit'
    ) as sides
        on balances.period = sides.period
        and left(balances.account_code, length(sides.account_prefix)) = sides.account_prefix
    inner join {{ ref('core__member') }} as others on balances.counterparty_member_id = others.member_id
    where balances.member_id <> balances.counterparty_member_id
),

set_aside as (
    select
        allowances.period,
        allowances.member_id,
        allowances.counterparty_member_id,
        allowances.account_code,
        sum(lines.amount) as amount
    from allowances
    inner join {{ ref('int_ledger__intercompany_line') }} as lines
        on allowances.member_id = lines.member_id
        and allowances.counterparty_member_id = lines.counterparty_member_id
        and allowances.account_code = lines.account_code
        and allowances.rule_id = lines.rule_id
        and lines.leg = 'movement'
        and lines.period <= allowances.period
    group by allowances.period, allowances.member_id, allowances.counterparty_member_id, allowances.account_code
)

select
    allowances.period,
    allowances.rule_id,
    allowances.member_id,
    allowances.counterparty_member_id,
    allowances.account_code,
    allowances.account_type,
    {{ money('allowances.closing_balance - coalesce(set_aside.amount, 0)') }} as earlier_amount
from allowances
left join set_aside using (period, member_id, counterparty_member_id, account_code)
where allowances.closing_balance <> coalesce(set_aside.amount, 0)
