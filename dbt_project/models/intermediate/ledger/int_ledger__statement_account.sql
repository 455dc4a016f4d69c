-- One row per period, statement and unified account: the detail line it stands on, by the longest prefix of the accounts of
-- the lines in force on the period's last day.
with lines as (
    select
        period,
        statement,
        line_code,
        {{ split_rows('cast(account_prefixes as ' ~ dbt.type_string() ~ ')') }} as account_prefix
    from {{ ref('int_ledger__statement_line') }}
    where account_prefixes is not null
),

candidates as (
    select
        lines.period,
        lines.statement,
        accounts.account_code,
        lines.line_code,
        row_number() over (
            partition by lines.period, lines.statement, accounts.account_code
            order by length(lines.account_prefix) desc, lines.line_code
        ) as preference
    from {{ ref('core__account') }} as accounts
    inner join lines
        on left(accounts.account_code, length(lines.account_prefix)) = lines.account_prefix
    where lines.account_prefix <> ''
)

select period, statement, account_code, line_code
from candidates
where preference = 1
