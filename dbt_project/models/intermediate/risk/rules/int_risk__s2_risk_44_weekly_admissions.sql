-- One row per stay that is at least the n-th admission of a person within the rolling window of days (S2-RISK-44, TC-21).
with stays as (
    select * from {{ ref('int_risk__stay') }}
    where not is_exempt
),

bounds as (
    select * from {{ policy_in_force(['repeat_admission_count', 'repeat_admission_window']) }}
),

counted as (
    select
        later.member_id,
        later.encounter_id,
        later.started_on,
        later.fund_paid,
        bounds.repeat_admission_window,
        bounds.repeat_admission_count,
        count(*) as admissions,
        min(earlier.started_on) as first_on
    from stays as later
    inner join bounds on later.period = bounds.period and later.member_id = bounds.member_id
    inner join stays as earlier
        on later.patient_id = earlier.patient_id
        and earlier.started_at <= later.started_at
        and {{ days_between('earlier.started_on', 'later.started_on') }} < bounds.repeat_admission_window
    group by all
)

select
    'S2-RISK-44' as rule_code,
    member_id,
    encounter_id,
    'week' as subject,
    cast(null as varchar) as charge_id,
    started_on as evidence_on,
    fund_paid as amount_at_risk,
    false as is_certain,
    '同一患者自' || cast(first_on as varchar) || '至' || cast(started_on as varchar) || '共入院' || cast(admissions as varchar)
    || '次,达到' || {{ plain('repeat_admission_window') }} || '天内' || {{ plain('repeat_admission_count') }} || '次的界限' as evidence
from counted
where admissions >= repeat_admission_count
