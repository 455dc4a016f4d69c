-- One row per period, member, counterparty and account of business with a member that no elimination rule takes out:
-- balances of the financial side, movements of revenue and cost. It stays in the consolidated figures until
-- seeds/elimination_rules.csv covers it.
-- Stock and assets that came from a member are no debt between members: their margin has entries of its own (E09, E10).
with in_force as (
    select periods.period, rules.*
    from (select distinct period from {{ ref('int_ledger__membership') }}) as periods
    inner join {{ ref('elimination_rules') }} as rules on {{ in_force('rules', 'periods.period') }}
),

own_entries as (
    {% for column in ['credit_account_prefixes', 'also_debit', 'also_credit'] -%}
    select period, {{ split_rows(column) }} as account_prefix
    from in_force
    where rule_id in ('{{ var("stock_transfer_rule") }}', '{{ var("asset_sale_rule") }}') and {{ column }} is not null
    {% if not loop.last %}union{% endif %}
    {% endfor %}
)

select
    facts.period,
    facts.member_id,
    facts.counterparty_member_id,
    facts.leg,
    facts.account_code,
    {{ money('sum(facts.amount)') }} as amount,
    count(*) as amounts
from {{ ref('int_ledger__intercompany_fact') }} as facts
inner join {{ ref('core__account') }} as accounts on facts.account_code = accounts.account_code
left join {{ ref('int_ledger__intercompany_line') }} as lines on facts.fact_id = lines.fact_id
left join {{ ref('int_ledger__earlier_allowance') }} as allowances
    on facts.leg = 'balance'
    and facts.period = allowances.period
    and facts.member_id = allowances.member_id
    and facts.counterparty_member_id = allowances.counterparty_member_id
    and facts.account_code = allowances.account_code
where lines.fact_id is null
    and allowances.period is null
    and (
        (
            facts.leg = 'balance'
            and accounts.account_type in ('asset', 'liability')
            and not exists (
                select 1 from own_entries
                where facts.period = own_entries.period
                    and left(facts.account_code, length(own_entries.account_prefix)) = own_entries.account_prefix
            )
            -- Investments are taken out by what moves on them (E12).
            and not {{ starts_with_any('facts.account_code', var('equity_account_prefixes')) }}
        )
        or (facts.leg = 'movement' and accounts.account_type in ('revenue', 'expense'))
    )
group by facts.period, facts.member_id, facts.counterparty_member_id, facts.leg, facts.account_code
