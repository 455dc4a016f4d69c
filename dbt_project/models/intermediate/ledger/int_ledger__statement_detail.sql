-- One row per period, statement, detail line and member (ELIM = the elimination journal). Debit positive, before a line's sign.
-- Financial position: closing balances; revenue and expense: the month's movements without closing vouchers; cash: the
-- other side of cash vouchers; budget execution: the month's movements of the budgetary side (6, 7) without vouchers that
-- carry them to 81-87. Of institutions that belong to the consortium in the month. Eliminations of movements that touch the
-- financial position last: they count in every later month for which both members have books.
with members as (
    select period, member_id from {{ ref('int_ledger__membership') }}
),

books as (
    select distinct balances.period, balances.member_id
    from {{ ref('int_ledger__trial_balance') }} as balances
    inner join members on balances.period = members.period and balances.member_id = members.member_id
),

-- Months in which both members of a pair have books: only then is there something that lasting entries can correct.
both_have_books as (
    select one.period, one.member_id as a_member_id, other.member_id as b_member_id
    from books as one
    inner join books as other on one.period = other.period
),

budget_closing as (
    select distinct period, member_id, voucher_no
    from {{ ref('ledger__entry') }}
    where {{ starts_with_any('account_code', var('budget_closing_account_prefixes')) }}
),

own as (
    select 'financial_position' as statement, period, member_id, account_code, sum(closing_balance) as amount
    from {{ ref('int_ledger__trial_balance') }}
    group by period, member_id, account_code

    union all

    select 'revenue_expense', period, member_id, account_code, sum(amount)
    from {{ ref('ledger__entry') }}
    where not is_closing and account_type in ('revenue', 'expense')
    group by period, member_id, account_code

    union all

    select 'cash', period, member_id, account_code, sum(amount)
    from {{ ref('int_ledger__cash_flow') }}
    group by period, member_id, account_code

    union all

    select 'budget_execution', entries.period, entries.member_id, entries.account_code, sum(entries.amount)
    from {{ ref('ledger__entry') }} as entries
    left join budget_closing
        on entries.period = budget_closing.period
        and entries.member_id = budget_closing.member_id
        and entries.voucher_no = budget_closing.voucher_no
    where entries.account_type in ('budget_revenue', 'budget_expenditure') and budget_closing.period is null
    group by entries.period, entries.member_id, entries.account_code
),

-- Movement rules that touch the balance sheet (free transfers, equity, allowances by their accounts; the margin in stock and
-- the gain in an asset's cost by entries of their own), as they are in the month of the entry.
lasting as (
    select distinct journal.period, journal.rule_id
    from {{ ref('int_ledger__elimination') }} as journal
    where journal.leg = 'movement'
        and (
            journal.rule_id in ('{{ var("stock_transfer_rule") }}', '{{ var("asset_sale_rule") }}')
            or exists (
                select 1
                from {{ ref('int_ledger__elimination_side') }} as sides
                inner join {{ ref('core__account') }} as accounts
                    on left(accounts.account_code, length(sides.account_prefix)) = sides.account_prefix
                where sides.period = journal.period
                    and sides.rule_id = journal.rule_id
                    and sides.leg = 'movement'
                    and accounts.account_type in ('asset', 'liability', 'net_asset')
            )
        )
),

eliminations as (
    select 'financial_position' as statement, period, account_code, amount
    from {{ ref('int_ledger__elimination') }}
    where leg = 'balance'

    union all

    select
        'financial_position',
        together.period,
        -- What earlier years earned or spent has gone to accumulated surplus.
        case
            when journal.account_type in ('revenue', 'expense') and left(journal.period, 4) < left(together.period, 4)
                then '{{ var("accumulated_surplus_account") }}'
            else journal.account_code
        end,
        journal.amount
    from {{ ref('int_ledger__elimination') }} as journal
    inner join lasting on journal.period = lasting.period and journal.rule_id = lasting.rule_id
    inner join both_have_books as together
        on journal.a_member_id = together.a_member_id
        and journal.b_member_id = together.b_member_id
        and journal.period <= together.period
    where journal.leg = 'movement'

    union all

    select 'revenue_expense', journal.period, journal.account_code, journal.amount
    from {{ ref('int_ledger__elimination') }} as journal
    left join lasting on journal.period = lasting.period and journal.rule_id = lasting.rule_id
    left join both_have_books as together
        on journal.a_member_id = together.a_member_id
        and journal.b_member_id = together.b_member_id
        and journal.period = together.period
    where journal.leg = 'movement'
        and journal.account_type in ('revenue', 'expense', 'revenue_expense')
        and (lasting.rule_id is null or together.period is not null)

    union all

    select 'budget_execution', period, account_code, amount
    from {{ ref('int_ledger__elimination') }}
    where leg = 'movement' and account_type in ('budget_revenue', 'budget_expenditure', 'budget_execution')

    union all

    -- Money that members pay each other leaves both their lines; what only one of them shows stands on IC_DIFF.
    select 'cash', flows.period, flows.account_code, -flows.amount
    from {{ ref('int_ledger__cash_flow') }} as flows
    inner join members as own on flows.period = own.period and flows.member_id = own.member_id
    inner join members as other on flows.period = other.period and flows.counterparty_member_id = other.member_id
    where flows.member_id <> flows.counterparty_member_id

    union all

    select 'cash', flows.period, 'IC_DIFF', sum(flows.amount)
    from {{ ref('int_ledger__cash_flow') }} as flows
    inner join members as own on flows.period = own.period and flows.member_id = own.member_id
    inner join members as other on flows.period = other.period and flows.counterparty_member_id = other.member_id
    where flows.member_id <> flows.counterparty_member_id
    group by flows.period
),

everything as (
    select own.statement, own.period, own.member_id, own.account_code, own.amount
    from own
    inner join members on own.period = members.period and own.member_id = members.member_id
    union all
    select statement, period, 'ELIM', account_code, amount from eliminations
)

select
    everything.period,
    everything.statement,
    case when everything.account_code = 'IC_DIFF' then 'IC_DIFF' else placed.line_code end as line_code,
    everything.member_id,
    {{ money('sum(everything.amount)') }} as amount
from everything
left join {{ ref('int_ledger__statement_account') }} as placed
    on everything.period = placed.period
    and everything.statement = placed.statement
    and everything.account_code = placed.account_code
where everything.account_code = 'IC_DIFF' or placed.line_code is not null
group by
    everything.period,
    everything.statement,
    case when everything.account_code = 'IC_DIFF' then 'IC_DIFF' else placed.line_code end,
    everything.member_id
