-- One row per period, statement and line of the consortium: sum of members, elimination, consolidated; beside it the year so
-- far and the same month a year before. The whole form is shown; consolidated = aggregate + elimination, line by line.
with forms as (
    select lines.*
    from {{ ref('int_ledger__statement_line') }} as lines
    inner join (
        select distinct period, statement from {{ ref('int_ledger__statement_detail') }}
    ) as periods using (period, statement)
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
        on details.period = tree.period
        and details.statement = tree.statement
        and details.line_code = tree.detail_code
    group by details.period, details.statement, tree.line_code
),

shown as (
    select
        forms.*,
        {{ money('coalesce(amounts.aggregate_amount, 0) * forms.sign') }} as aggregate_amount,
        {{ money('coalesce(amounts.elimination_amount, 0) * forms.sign') }} as elimination_amount,
        {{ money('(coalesce(amounts.aggregate_amount, 0) + coalesce(amounts.elimination_amount, 0)) * forms.sign') }}
            as consolidated_amount
    from forms
    left join amounts
        on forms.period = amounts.period
        and forms.statement = amounts.statement
        and forms.line_code = amounts.line_code
)

select
    shown.period,
    shown.statement,
    {{ statement_name('shown.statement') }} as statement_name,
    shown.line_code,
    shown.line_name_zh as line_name,
    shown.line_name_en,
    shown.line_order,
    shown.sign as line_sign,
    shown.adds_into,
    shown.aggregate_amount,
    shown.elimination_amount,
    shown.consolidated_amount,
    {{ year_to_date('shown', 'consolidated_amount', ['statement', 'line_code']) }},
    before.period as comparative_period,
    before.consolidated_amount as comparative_amount
from shown
left join shown as before
    on before.period = {{ month_add('shown.period', -12) }}
    and shown.statement = before.statement
    and shown.line_code = before.line_code
