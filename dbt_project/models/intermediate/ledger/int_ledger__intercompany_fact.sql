-- One row per amount in a member's books that names another member: balances from the trial balance, movements from
-- the ledger (closing vouchers left out). fact_id orders and names them. Signed, debit positive.
with members as (
    select member_id from {{ ref('core__member') }}
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
        closing_balance as amount
    from {{ ref('int_ledger__trial_balance') }}
    where counterparty_member_id is not null and closing_balance <> 0

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
        amount
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
inner join members as own on facts.member_id = own.member_id
inner join members as other on facts.counterparty_member_id = other.member_id
where facts.member_id <> facts.counterparty_member_id
