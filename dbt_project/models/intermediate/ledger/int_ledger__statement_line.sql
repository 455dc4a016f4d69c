-- One row per statement and line: its names, order and sign, IC_DIFF always among them.
with described as (
    select statement, line_code, line_name_zh, line_name_en, line_order, sign, adds_into
    from {{ ref('statement_lines') }}
)

select statement, line_code, line_name_zh, line_name_en, line_order, sign, adds_into
from described

union all

select
    statement,
    'IC_DIFF',
    '内部往来差额',
    'Intercompany difference (suspense)',
    max(line_order) + 1,
    case statement when 'financial_position' then 1 else -1 end,
    cast(null as {{ dbt.type_string() }})
from described
group by statement
having max(case when line_code = 'IC_DIFF' then 1 else 0 end) = 0
