-- One row per period, member and local account that no map knows (or maps to an account the chart doesn't have).
with unmapped as (
    select mapping.period, mapping.member_id, mapping.local_account_code
    from {{ ref('int_ledger__account_mapping') }} as mapping
    left join {{ ref('core__account') }} as accounts
        on mapping.account_code = accounts.account_code
    where accounts.account_code is null
),

lines as (
    select
        period,
        member_id,
        account_code as local_account_code,
        max(account_name) as local_account_name,
        sum(abs(debit) + abs(credit)) as amount,
        count(*) as lines
    from {{ ref('stg_gl_entries') }}
    group by period, member_id, account_code
),

balances as (
    select
        period,
        member_id,
        account_code as local_account_code,
        sum(closing_balance) as closing_balance
    from {{ ref('stg_trial_balance') }}
    group by period, member_id, account_code
)

select
    unmapped.period,
    unmapped.member_id,
    members.name as member_name,
    unmapped.local_account_code,
    lines.local_account_name,
    {{ money('coalesce(lines.amount, 0)') }} as amount,
    coalesce(lines.lines, 0) as lines,
    {{ money('coalesce(balances.closing_balance, 0)') }} as closing_balance
from unmapped
left join lines
    on unmapped.period = lines.period
    and unmapped.member_id = lines.member_id
    and unmapped.local_account_code = lines.local_account_code
left join balances
    on unmapped.period = balances.period
    and unmapped.member_id = balances.member_id
    and unmapped.local_account_code = balances.local_account_code
left join {{ ref('core__member') }} as members
    on unmapped.member_id = members.member_id
