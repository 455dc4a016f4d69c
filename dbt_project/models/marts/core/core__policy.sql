-- One row per parameter, scope and first day in force: every number the rules leave to the consortium.
with everything as (
    select parameter, scope_kind, scope, value, unit, range_low, range_high, source_rule, approved_by, valid_from, valid_to
    from {{ ref('policy') }}
    union all
    select parameter, scope_kind, scope, value, unit, range_low, range_high, source_rule, approved_by, valid_from, valid_to
    from {{ ref('policy_pipeline') }}
)

select
    parameter,
    scope_kind,
    coalesce(nullif(cast(scope as {{ dbt.type_string() }}), ''), '*') as scope,
    cast(value as {{ dbt.type_string() }}) as value,
    unit,
    range_low,
    range_high,
    source_rule,
    approved_by,
    valid_from,
    valid_to
from everything
