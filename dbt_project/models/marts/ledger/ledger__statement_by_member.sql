-- One row per period, statement, line and member, from the member's own ledger, before elimination; beside it the year so far
-- and the same month a year before. A line nothing of the member adds into has no row.
with amounts as (
    select
        details.period,
        details.statement,
        lines.line_code,
        lines.line_name_zh,
        lines.line_name_en,
        lines.line_order,
        details.member_id,
        {{ money('sum(details.amount) * max(lines.sign)') }} as amount
    from {{ ref('int_ledger__statement_detail') }} as details
    inner join {{ ref('int_ledger__statement_tree') }} as tree
        on details.period = tree.period
        and details.statement = tree.statement
        and details.line_code = tree.detail_code
    inner join {{ ref('int_ledger__statement_line') }} as lines
        on tree.period = lines.period
        and tree.statement = lines.statement
        and tree.line_code = lines.line_code
    where details.member_id <> 'ELIM'
    group by
        details.period,
        details.statement,
        lines.line_code,
        lines.line_name_zh,
        lines.line_name_en,
        lines.line_order,
        details.member_id
)

select
    amounts.period,
    amounts.statement,
    {{ statement_name('amounts.statement') }} as statement_name,
    amounts.line_code,
    amounts.line_name_zh as line_name,
    amounts.line_name_en,
    amounts.line_order,
    amounts.member_id,
    members.name as member_name,
    amounts.amount,
    {{ year_to_date('amounts', 'amount', ['statement', 'line_code', 'member_id']) }},
    before.period as comparative_period,
    before.amount as comparative_amount
from amounts
inner join {{ ref('core__member') }} as members on amounts.member_id = members.member_id
left join amounts as before
    on before.period = {{ month_add('amounts.period', -12) }}
    and amounts.statement = before.statement
    and amounts.line_code = before.line_code
    and amounts.member_id = before.member_id
