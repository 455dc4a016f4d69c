-- One row per period, elimination rule, leg, side and account prefix (domain 2.6.2, rules as data in
-- seeds/elimination_rules.csv): the rules in force on the period's last day, so that a closed month finds its own.
-- A side is the one debited or credited in the elimination entry; its own books hold the opposite. The `also` pair of
-- columns is the rule's other leg: interest beside a loan's principal, opening balances beside movements.
{% set rules = ref('elimination_rules') %}

with in_force as (
    select periods.period, rules.*
    from (select distinct period from {{ ref('int_ledger__account_mapping') }}) as periods
    inner join {{ rules }} as rules on {{ in_force('rules', 'periods.period') }}
),

legs as (
    select
        period,
        rule_id,
        ic_type,
        basis as leg,
        debit_account_prefixes,
        credit_account_prefixes,
        tolerance_abs,
        tolerance_rel,
        {{ optional_column(rules, 'side_a') }} as side_a,
        {{ optional_column(rules, 'difference_account') }} as difference_account
    from in_force

    union all

    select
        period,
        rule_id,
        ic_type,
        case basis when 'balance' then 'movement' else 'balance' end,
        also_debit,
        also_credit,
        tolerance_abs,
        tolerance_rel,
        {{ optional_column(rules, 'side_a') }},
        {{ optional_column(rules, 'difference_account') }}
    from in_force
    where also_debit is not null and also_credit is not null
),

sides as (
    select *, 'debit' as entry_side, cast(debit_account_prefixes as {{ dbt.type_string() }}) as account_prefixes from legs
    union all
    select *, 'credit', cast(credit_account_prefixes as {{ dbt.type_string() }}) from legs
),

prefixes as (
    select
        period,
        rule_id,
        ic_type,
        leg,
        entry_side,
        tolerance_abs,
        tolerance_rel,
        difference_account,
        case
            when coalesce(side_a, case leg when 'balance' then 'credit' else 'debit' end) = entry_side then 'a'
            else 'b'
        end as side,
        {{ split_rows('account_prefixes') }} as account_prefix
    from sides
)

select
    period,
    rule_id,
    leg,
    side,
    account_prefix,
    entry_side,
    ic_type,
    cast(difference_account as {{ dbt.type_string() }}) as difference_account,
    rule_id in ('{{ var("pooled_rules") | join("', '") }}') as is_pooled,
    rule_id in ('{{ var("capped_rules") | join("', '") }}') as is_capped,
    cast(tolerance_abs as decimal(18, 2)) as tolerance_abs,
    cast(tolerance_rel as decimal(18, 6)) as tolerance_rel
from prefixes
where account_prefix <> ''
    -- The other legs of E03, E09 and E10 correct what earlier periods left; they need more than the two sides (docs/ledger.md).
    and not (leg = 'balance' and rule_id in ('{{ var("pooled_rules") | join("', '") }}', '{{ var("capped_rules") | join("', '") }}'))
