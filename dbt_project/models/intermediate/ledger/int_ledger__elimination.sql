-- One row per period, rule, leg, pair, member and account of the elimination journal (the ledger ELIM). Member ledgers are
-- never changed: consolidated = sum of members + ELIM. Every internal amount leaves its own line; where the sides differ,
-- the difference goes to the visible account IC_DIFF, so each rule's entries balance. Debit positive.
{% set pair = 'leg, period, rule_id, a_member_id, b_member_id' %}

with booked as (
    select {{ pair }}, side, member_id, account_code, sum(amount) as amount
    from {{ ref('int_ledger__intercompany_line') }}
    group by {{ pair }}, side, member_id, account_code
),

-- A capped rule (a gain inside an asset's cost) reverses no more of side b than side a holds, largest account first.
capped as (
    select
        booked.*,
        case
            when pairs.is_capped and booked.side = 'b' then
                greatest(least(
                    booked.amount,
                    pairs.eliminated_amount - coalesce(sum(booked.amount) over (
                        partition by {% for c in pair.split(', ') %}booked.{{ c }}, {% endfor %}booked.side
                        order by booked.amount desc, booked.member_id, booked.account_code
                        rows between unbounded preceding and 1 preceding
                    ), 0)
                ), 0)
            else booked.amount
        end as reversed_amount
    from booked
    inner join {{ ref('int_ledger__intercompany_pair') }} as pairs using ({{ pair }})
),

reversed_lines as (
    select {{ pair }}, member_id, account_code, {{ money('-sum(reversed_amount)') }} as amount
    from capped
    group by {{ pair }}, member_id, account_code
),

-- Whether a rule moves revenue and expense, or what stands on the statement of financial position.
typed as (
    select reversed_lines.*, accounts.account_type
    from reversed_lines
    inner join {{ ref('core__account') }} as accounts using (account_code)
),

differences as (
    select
        {{ pair }},
        case when max(case when account_type in ('revenue', 'expense') then 1 else 0 end) = 1 then 'revenue_expense'
            when max(case when account_type in ('asset', 'liability', 'net_asset') then 1 else 0 end) = 1
                then 'financial_position'
            else 'budget'
        end as statement,
        {{ money('-sum(amount)') }} as amount
    from typed
    group by {{ pair }}
)

select
    {{ pair }},
    member_id,
    account_code,
    account_type,
    amount
from typed

union all

-- What earlier periods set aside for members goes out against accumulated surplus (E03, its other leg).
select
    'balance',
    period,
    rule_id,
    member_id,
    counterparty_member_id,
    member_id,
    account_code,
    account_type,
    {{ money('-earlier_amount') }}
from {{ ref('int_ledger__earlier_allowance') }}

union all

select
    'balance',
    period,
    rule_id,
    member_id,
    counterparty_member_id,
    member_id,
    '{{ var("accumulated_surplus_account") }}',
    'net_asset',
    {{ money('sum(earlier_amount)') }}
from {{ ref('int_ledger__earlier_allowance') }}
group by period, rule_id, member_id, counterparty_member_id

union all

select
    {{ pair }},
    'ELIM',
    'IC_DIFF',
    statement,
    amount
from differences
where amount <> 0
