-- One row per period, member, doctor and indicator that a doctor's own cases yield. The doctor is the one in charge of the case.
select
    lights.period,
    lights.member_id,
    members.name as member_name,
    substr(lights.entity_id, length(lights.member_id) + 2) as doctor_id,
    lights.indicator_code,
    lights.indicator_name,
    lights.block,
    lights.numerator,
    lights.denominator,
    lights.value,
    lights.green_limit,
    lights.red_limit,
    lights.light,
    lights.side,
    lights.value_before,
    lights.trend
from {{ ref('int_risk__light') }} as lights
left join {{ ref('core__member') }} as members on lights.member_id = members.member_id
where lights.entity_level = 'person'
