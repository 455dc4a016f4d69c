-- One row per dated row of policy: the consortium's own, and the pipeline's where the consortium has none of that name.
{{ config(materialized='view') }}

with own as (
    select * from {{ ref('policy') }}
),

own_names as (
    select distinct parameter from own
),

stated as (
    select parameter, scope_kind, scope, value, unit, range_low, range_high, source_rule, approved_by, valid_from, valid_to
    from own
    union all
    select
        pipeline.parameter,
        pipeline.scope_kind,
        pipeline.scope,
        pipeline.value,
        pipeline.unit,
        pipeline.range_low,
        pipeline.range_high,
        pipeline.source_rule,
        pipeline.approved_by,
        pipeline.valid_from,
        pipeline.valid_to
    from {{ ref('policy_pipeline') }} as pipeline
    left join own_names on pipeline.parameter = own_names.parameter
    where own_names.parameter is null
)

select
    parameter,
    scope_kind,
    scope,
    cast(case when unit not in ('text', 'level') then value end as decimal(18, 6)) as value,
    case when unit in ('text', 'level') then value end as text_value,
    unit,
    range_low,
    range_high,
    source_rule,
    approved_by,
    valid_from,
    valid_to
from stated
