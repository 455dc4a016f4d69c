-- One row per period, member, department and indicator with limits; dept_code '*' is the whole member, as in reported_indicators.
-- An indicator that could not be judged for want of data has no row.
select
    lights.period,
    lights.member_id,
    members.name as member_name,
    coalesce(lights.dept_code, '*') as dept_code,
    departments.dept_name,
    lights.indicator_code,
    lights.indicator_name,
    lights.block,
    lights.is_veto,
    lights.unit,
    lights.numerator,
    lights.denominator,
    lights.value,
    lights.green_limit,
    lights.red_limit,
    lights.low_red_limit,
    lights.light,
    lights.side,
    lights.value_before,
    lights.trend
from {{ ref('int_risk__light') }} as lights
left join {{ ref('core__member') }} as members on lights.member_id = members.member_id
left join {{ ref('core__department') }} as departments
    on lights.period = departments.period
    and lights.member_id = departments.member_id
    and lights.dept_code = departments.dept_code
where lights.entity_level in ('member', 'department')
