-- One row per period, member, unified account and counterparty: the trial balance on the unified chart, debit positive.
select
    balances.period,
    balances.member_id,
    accounts.account_code,
    accounts.account_type,
    balances.counterparty_member_id,
    {{ money('sum(balances.opening_balance)') }} as opening_balance,
    {{ money('sum(balances.debit)') }} as debit,
    {{ money('sum(balances.credit)') }} as credit,
    {{ money('sum(balances.closing_balance)') }} as closing_balance
from {{ ref('stg_trial_balance') }} as balances
inner join {{ ref('int_ledger__account_mapping') }} as mapping
    on balances.period = mapping.period
    and balances.member_id = mapping.member_id
    and balances.account_code = mapping.local_account_code
inner join {{ ref('core__account') }} as accounts
    on mapping.account_code = accounts.account_code
group by
    balances.period,
    balances.member_id,
    accounts.account_code,
    accounts.account_type,
    balances.counterparty_member_id
