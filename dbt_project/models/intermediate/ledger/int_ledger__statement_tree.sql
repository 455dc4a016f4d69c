-- One row per statement, line and line that adds into it at any depth (itself included). IC_DIFF, where the reference
-- data has no such line, adds into the same totals as the statement's first line.
with recursive lines as (
    select statement, line_code, adds_into
    from {{ ref('statement_lines') }}
),

suspense as (
    select
        firsts.statement,
        'IC_DIFF' as line_code,
        firsts.adds_into
    from (
        select *, row_number() over (partition by statement order by line_order, line_code) as place
        from {{ ref('statement_lines') }}
    ) as firsts
    where firsts.place = 1
        and not exists (
            select 1 from lines where lines.statement = firsts.statement and lines.line_code = 'IC_DIFF'
        )
),

everything as (
    select * from lines
    union all
    select * from suspense
),

tree as (
    select statement, line_code as detail_code, line_code, adds_into
    from everything

    union all

    select tree.statement, tree.detail_code, everything.line_code, everything.adds_into
    from tree
    inner join everything
        on tree.statement = everything.statement
        and tree.adds_into = everything.line_code
)

select statement, line_code, detail_code
from tree
