-- One row per period, statement, line and line that adds into it at any depth (itself included).
with recursive lines as (
    select period, statement, line_code, adds_into
    from {{ ref('int_ledger__statement_line') }}
),

tree as (
    select period, statement, line_code as detail_code, line_code, adds_into
    from lines

    union all

    select tree.period, tree.statement, tree.detail_code, lines.line_code, lines.adds_into
    from tree
    inner join lines
        on tree.period = lines.period
        and tree.statement = lines.statement
        and tree.adds_into = lines.line_code
)

select period, statement, line_code, detail_code
from tree
