-- One row per period, member and local account: its unified account, by the longest prefix in force at the period's end.
-- A member's own row beats its vendor's, and that the one for all, where prefixes are equally long. NULL = unmapped.
-- Distinct accounts are mapped first; lines only look their account up.
with delivered as (
    select period, member_id, account_code as local_account_code from {{ ref('stg_gl_entries') }}
    union
    select period, member_id, account_code from {{ ref('stg_trial_balance') }}
),

scopes as (
    select member_id, member_id as vendor_or_member, 1 as scope_order from {{ ref('core__member') }}
    union all
    select member_id, vendor, 2 from {{ ref('core__member') }} where vendor <> member_id
    union all
    select member_id, '*', 3 from {{ ref('core__member') }}
),

rules as (
    select
        vendor_or_member,
        replace(replace(cast(local_account_pattern as {{ dbt.type_string() }}), '*', ''), '%', '') as prefix,
        cast(account_code as {{ dbt.type_string() }}) as account_code,
        valid_from,
        valid_to
    from {{ ref('account_map') }}
),

candidates as (
    select
        delivered.period,
        delivered.member_id,
        delivered.local_account_code,
        rules.account_code,
        rules.prefix,
        row_number() over (
            partition by delivered.period, delivered.member_id, delivered.local_account_code
            order by length(rules.prefix) desc, scopes.scope_order, rules.valid_from desc, rules.account_code
        ) as preference
    from delivered
    inner join scopes on delivered.member_id = scopes.member_id
    inner join rules
        on scopes.vendor_or_member = rules.vendor_or_member
        and left(delivered.local_account_code, length(rules.prefix)) = rules.prefix
        and {{ in_force('rules', 'delivered.period') }}
)

select
    delivered.period,
    delivered.member_id,
    delivered.local_account_code,
    candidates.account_code,
    candidates.prefix as matched_prefix
from delivered
left join candidates
    on delivered.period = candidates.period
    and delivered.member_id = candidates.member_id
    and delivered.local_account_code = candidates.local_account_code
    and candidates.preference = 1
