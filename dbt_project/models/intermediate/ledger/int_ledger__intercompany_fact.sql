-- One row per amount in a member's books that names another member: balances from the trial balance, movements from
-- the ledger (closing vouchers left out), and as a movement of the first month what a member holds in others, and what
-- answers it, when its ledger begins (E12). fact_id orders and names them. Signed, debit positive; is_credit where it was booked
-- as a credit (a correction in red is a negative debit).
with members as (
    select period, member_id from {{ ref('int_ledger__membership') }}
),

first_periods as (
    select member_id, min(period) as period from {{ ref('int_ledger__trial_balance') }} group by member_id
),

facts as (
    select
        'balance' as leg,
        period,
        member_id,
        counterparty_member_id,
        account_code,
        cast(null as {{ dbt.type_string() }}) as ic_type,
        cast(null as {{ dbt.type_string() }}) as ic_reference,
        cast(null as {{ dbt.type_string() }}) as ic_period,
        cast(null as {{ dbt.type_string() }}) as voucher_no,
        cast(null as bigint) as line_no,
        closing_balance as amount,
        false as is_credit
    from {{ ref('int_ledger__trial_balance') }}
    where counterparty_member_id is not null and closing_balance <> 0

    union all

    select
        'movement',
        balances.period,
        balances.member_id,
        balances.counterparty_member_id,
        balances.account_code,
        null,
        null,
        null,
        null,
        null,
        balances.opening_balance,
        false
    from {{ ref('int_ledger__trial_balance') }} as balances
    inner join first_periods
        on balances.member_id = first_periods.member_id and balances.period = first_periods.period
    where balances.counterparty_member_id is not null
        and balances.opening_balance <> 0
        and {{ starts_with_any('balances.account_code', var('equity_account_prefixes')) }}

    union all

    select
        'movement',
        period,
        member_id,
        counterparty_member_id,
        account_code,
        ic_type,
        ic_reference,
        ic_period,
        voucher_no,
        line_no,
        amount,
        credit <> 0
    from {{ ref('ledger__entry') }}
    where counterparty_member_id is not null and not is_closing and amount <> 0
)

select
    row_number() over (
        order by facts.leg, facts.period, facts.member_id, facts.counterparty_member_id, facts.account_code,
            facts.voucher_no, facts.line_no
    ) as fact_id,
    facts.*
from facts
inner join members as own on facts.period = own.period and facts.member_id = own.member_id
inner join members as other
    on facts.period = other.period and facts.counterparty_member_id = other.member_id
where facts.member_id <> facts.counterparty_member_id
