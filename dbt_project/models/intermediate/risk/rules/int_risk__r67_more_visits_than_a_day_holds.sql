-- One row per doctor and day with more visits than a day holds, carried by the visit that passes the bound (R67).
with visits as (
    select
        *,
        row_number() over (
            partition by member_id, doctor_id, started_on order by started_at, encounter_id
        ) as visit_of_day,
        count(*) over (partition by member_id, doctor_id, started_on) as visits
    from {{ ref('int_risk__case') }}
    where encounter_type in ('outpatient', 'emergency')
),

bounds as (
    select * from {{ rule_parameters('R67', ['max_visits']) }}
)

select
    'R67' as rule_code,
    visits.member_id,
    visits.encounter_id,
    visits.doctor_id || '@' || cast(visits.started_on as varchar) as subject,
    cast(null as varchar) as charge_id,
    visits.started_on as evidence_on,
    visits.fund_paid as amount_at_risk,
    false as is_certain,
    '该医生' || cast(visits.started_on as varchar) || '接诊' || cast(visits.visits as varchar) || '人次,超过每日'
    || {{ plain('bounds.max_visits') }} || '人次,超出诊疗能力' as evidence
from visits
inner join bounds on visits.period = bounds.period
where visits.visit_of_day = bounds.max_visits + 1
