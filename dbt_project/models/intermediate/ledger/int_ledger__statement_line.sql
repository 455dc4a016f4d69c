-- One row per period, statement and line of the form in force on the period's last day: its names, order, sign, accounts and
-- total, IC_DIFF always among them. Where the reference data has no such line, it adds into the same total as the
-- statement's first line.
with described as (
    select
        periods.period,
        lines.statement,
        lines.line_code,
        lines.line_name_zh,
        lines.line_name_en,
        lines.line_order,
        lines.sign,
        lines.account_prefixes,
        lines.adds_into
    from (select distinct period from {{ ref('int_ledger__account_mapping') }}) as periods
    inner join {{ ref('statement_lines') }} as lines on {{ in_force('lines', 'periods.period') }}
)

select *
from described

union all

select
    period,
    statement,
    'IC_DIFF',
    '内部往来差额',
    'Intercompany difference (suspense)',
    max(line_order) + 1,
    case statement when 'financial_position' then 1 else -1 end,
    cast(null as {{ dbt.type_string() }}),
    min_by(adds_into, line_order)
from described
group by period, statement
having max(case when line_code = 'IC_DIFF' then 1 else 0 end) = 0
