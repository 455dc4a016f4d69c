-- One row per period, township or village institution and day: income and expense as posted that day, and what was charged to
-- patients (收支日报表, S5-FIN-03). Closing vouchers left out; a day on which nothing was posted or charged has no row.
with members as (
    select member_id, name
    from {{ ref('core__member') }}
    where level in ('primary', 'village')
),

sides as (
    select
        entries.period,
        entries.member_id,
        entries.posting_date as day,
        sum(case when entries.account_type = 'revenue' then -entries.amount else 0 end) as income,
        sum(case when entries.account_type = 'expense' then entries.amount else 0 end) as expense,
        0 as charged
    from {{ ref('ledger__entry') }} as entries
    inner join members on entries.member_id = members.member_id
    where not entries.is_closing and entries.account_type in ('revenue', 'expense')
    group by entries.period, entries.member_id, entries.posting_date

    union all

    select charges.period, charges.member_id, cast(charges.charged_at as date), 0, 0, sum(charges.amount)
    from {{ ref('int_core__charge') }} as charges
    inner join members on charges.member_id = members.member_id
    group by charges.period, charges.member_id, cast(charges.charged_at as date)
)

select
    sides.period,
    sides.member_id,
    members.name as member_name,
    sides.day as posting_date,
    {{ money('sum(sides.income)') }} as income_amount,
    {{ money('sum(sides.expense)') }} as expense_amount,
    {{ money('sum(sides.income) - sum(sides.expense)') }} as surplus_amount,
    {{ money('sum(sides.charged)') }} as charged_amount
from sides
inner join members on sides.member_id = members.member_id
group by sides.period, sides.member_id, members.name, sides.day
