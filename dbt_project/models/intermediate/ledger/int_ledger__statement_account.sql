-- One row per statement and unified account: the detail line it stands on, by the longest prefix of the line's accounts.
with lines as (
    select
        statement,
        line_code,
        {{ split_rows('cast(account_prefixes as ' ~ dbt.type_string() ~ ')') }} as account_prefix
    from {{ ref('statement_lines') }}
    where account_prefixes is not null
),

candidates as (
    select
        lines.statement,
        accounts.account_code,
        lines.line_code,
        row_number() over (
            partition by lines.statement, accounts.account_code
            order by length(lines.account_prefix) desc, lines.line_code
        ) as preference
    from {{ ref('core__account') }} as accounts
    inner join lines
        on left(accounts.account_code, length(lines.account_prefix)) = lines.account_prefix
    where lines.account_prefix <> ''
)

select statement, account_code, line_code
from candidates
where preference = 1
