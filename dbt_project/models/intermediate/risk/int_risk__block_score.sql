-- One row per period, entity (member, department) and block: points of its indicators' lights, by the weights of seeds/risk_weights.csv.
-- The weight of an indicator without a row goes to the others in proportion; a block of which less than the least share of its weight
-- is known has no points (S2-RISK-01, AMB-11: the three blocks themselves are never re-weighted).
with points as (
    select * from {{ rule_parameters('S2-RISK-01', ['light_points_green', 'light_points_yellow', 'light_points_red', 'block_coverage_min']) }}
),

weighed as (
    select
        lights.period,
        lights.entity_level,
        lights.entity_id,
        lights.member_id,
        lights.dept_code,
        lights.block,
        lights.indicator_code,
        weights.weight,
        case lights.light
            when 'green' then points.light_points_green
            when 'yellow' then points.light_points_yellow
            else points.light_points_red
        end as points,
        {{ required('points.block_coverage_min', "'risk_rule_parameters S2-RISK-01 of ' || lights.period") }} as block_coverage_min
    from {{ ref('int_risk__light') }} as lights
    left join points on lights.period = points.period
    inner join {{ ref('risk_weights') }} as weights
        on lights.indicator_code = weights.indicator_code
        and {{ month_end('lights.period') }} >= weights.valid_from
        and {{ month_end('lights.period') }} <= coalesce(weights.valid_to, {{ month_end('lights.period') }})
    where lights.entity_level in ('member', 'department')
),

-- A department or member with discharges is measured beside others with discharges: the weight that could be known is that of the
-- indicators which any of its kind has.
kinds as (
    select distinct period, entity_level, entity_id
    from {{ ref('int_performance__measure') }}
    where measure = 'discharges'
),

placed as (
    select weighed.*, kinds.entity_id is not null as has_discharges
    from weighed
    left join kinds
        on weighed.period = kinds.period
        and weighed.entity_level = kinds.entity_level
        and weighed.entity_id = kinds.entity_id
),

known as (
    select period, entity_level, has_discharges, block, sum(weight) as weight
    from (select distinct period, entity_level, has_discharges, block, indicator_code, weight from placed) as indicators
    group by period, entity_level, has_discharges, block
),

summed as (
    select
        period,
        entity_level,
        entity_id,
        member_id,
        dept_code,
        has_discharges,
        block,
        count(*) as indicators,
        sum(weight) as weight,
        sum(weight * points) as weighted_points,
        max(block_coverage_min) as block_coverage_min
    from placed
    group by period, entity_level, entity_id, member_id, dept_code, has_discharges, block
)

select
    summed.period,
    summed.entity_level,
    summed.entity_id,
    summed.member_id,
    summed.dept_code,
    summed.block,
    summed.indicators,
    {{ ratio('summed.weight', 'known.weight') }} as coverage,
    case
        when {{ ratio('summed.weight', 'known.weight') }} >= summed.block_coverage_min
            then {{ exact_quotient('summed.weighted_points', 'summed.weight', 2) }}
    end as score
from summed
inner join known
    on summed.period = known.period
    and summed.entity_level = known.entity_level
    and summed.has_discharges = known.has_discharges
    and summed.block = known.block
