-- One row per period, entity (member, department, doctor) and indicator with limits: its value, light, side and trend.
-- Limits are inclusive to the better colour (AMB-10, TC-16, TC-17). The light follows the value as published, six decimals, so
-- that a reader can check it. A band is symmetric in its green part; below it lies under-service (S2-RISK-53).
with judged as (
    select
        values_.period,
        values_.entity_level,
        values_.entity_id,
        values_.member_id,
        values_.dept_code,
        values_.kpi_code as indicator_code,
        kpis.name_zh as indicator_name,
        kpis.dimension as block,
        kpis.is_veto,
        kpis.unit,
        values_.numerator,
        values_.denominator,
        values_.value,
        limits.green_limit,
        limits.red_limit,
        limits.low_red_limit,
        limits.direction,
        case limits.direction
            when 'down' then case
                when values_.value <= limits.green_limit then 'green'
                when limits.red_limit is null or values_.value <= limits.red_limit then 'yellow'
                else 'red'
            end
            when 'up' then case
                when values_.value >= limits.green_limit then 'green'
                when limits.red_limit is null or values_.value >= limits.red_limit then 'yellow'
                else 'red'
            end
            when 'band' then case
                when values_.value between -limits.green_limit and limits.green_limit then 'green'
                when values_.value > limits.red_limit or values_.value < limits.low_red_limit then 'red'
                else 'yellow'
            end
        end as light
    from {{ ref('int_risk__indicator_value') }} as values_
    inner join {{ ref('int_risk__limit') }} as limits
        on values_.period = limits.period
        and values_.entity_level = limits.entity_level
        and values_.entity_id = limits.entity_id
        and values_.kpi_code = limits.kpi_code
    inner join {{ ref('kpi') }} as kpis
        on values_.kpi_code = kpis.kpi_code
        and {{ month_end('values_.period') }} >= kpis.valid_from
        and {{ month_end('values_.period') }} <= coalesce(kpis.valid_to, {{ month_end('values_.period') }})
    where values_.entity_level in ('member', 'department', 'person')
)

select
    judged.period,
    judged.entity_level,
    judged.entity_id,
    judged.member_id,
    judged.dept_code,
    judged.indicator_code,
    judged.indicator_name,
    judged.block,
    judged.is_veto,
    judged.unit,
    judged.numerator,
    judged.denominator,
    cast(judged.value as decimal(18, 6)) as value,
    judged.green_limit,
    judged.red_limit,
    judged.low_red_limit,
    judged.light,
    case
        when judged.light = 'green' then cast(null as varchar)
        when judged.direction = 'down' or judged.direction = 'band' and judged.value > 0 then 'high'
        else 'low'
    end as side,
    cast(before.value as decimal(18, 6)) as value_before,
    case
        when before.value is null then cast(null as varchar)
        when judged.value > before.value then 'rising'
        when judged.value < before.value then 'falling'
        else 'steady'
    end as trend
from judged
left join judged as before
    on {{ month_add('judged.period', -1) }} = before.period
    and judged.entity_level = before.entity_level
    and judged.entity_id = before.entity_id
    and judged.indicator_code = before.indicator_code
