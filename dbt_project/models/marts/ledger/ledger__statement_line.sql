-- One row per period, statement and line of the consortium: sum of members, elimination, consolidated. The whole form is
-- shown; consolidated = aggregate + elimination, line by line.
with forms as (
    select periods.period, lines.*
    from {{ ref('int_ledger__statement_line') }} as lines
    inner join (
        select distinct period, statement from {{ ref('int_ledger__statement_detail') }}
    ) as periods using (statement)
),

amounts as (
    select
        details.period,
        details.statement,
        tree.line_code,
        sum(case when details.member_id <> 'ELIM' then details.amount else 0 end) as aggregate_amount,
        sum(case when details.member_id = 'ELIM' then details.amount else 0 end) as elimination_amount
    from {{ ref('int_ledger__statement_detail') }} as details
    inner join {{ ref('int_ledger__statement_tree') }} as tree
        on details.statement = tree.statement
        and details.line_code = tree.detail_code
    group by details.period, details.statement, tree.line_code
)

select
    forms.period,
    forms.statement,
    forms.line_code,
    forms.line_name_zh as line_name,
    forms.line_name_en,
    forms.line_order,
    forms.adds_into,
    {{ money('coalesce(amounts.aggregate_amount, 0) * forms.sign') }} as aggregate_amount,
    {{ money('coalesce(amounts.elimination_amount, 0) * forms.sign') }} as elimination_amount,
    {{ money('(coalesce(amounts.aggregate_amount, 0) + coalesce(amounts.elimination_amount, 0)) * forms.sign') }}
        as consolidated_amount
from forms
left join amounts
    on forms.period = amounts.period
    and forms.statement = amounts.statement
    and forms.line_code = amounts.line_code
