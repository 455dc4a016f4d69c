-- One row per encounter with what violation rules ask of a case: dates, diagnosis group, exemption X0, fund money.
with encounters as (
    select * from {{ ref('int_core__encounter') }}
),

members as (
    select member_id, level as member_level from {{ ref('members') }}
),

settled as (
    select
        member_id,
        encounter_id,
        max(nullif(trim(drg_code), '')) as drg_code,
        {{ money('sum(fund_paid)') }} as fund_paid,
        {{ money('sum(patient_paid)') }} as patient_paid,
        {{ money('sum(total_charge)') }} as settled_charge,
        max(delivery_date) as delivery_date
    from {{ ref('int_core__settlement') }}
    group by member_id, encounter_id
),

-- X0 of domain 5.2: planned treatment series and births are no sign of a split or frequent admission.
exempt as (
    select distinct encounters.member_id, encounters.encounter_id
    from encounters
    inner join {{ ref('risk_exemptions') }} as exemptions
        on encounters.primary_diagnosis like exemptions.icd_prefix || '%'
        and cast(encounters.started_at as date) >= exemptions.valid_from
        and cast(encounters.started_at as date) <= coalesce(exemptions.valid_to, cast(encounters.started_at as date))
)

select
    coalesce(encounters.case_period, encounters.delivered_period) as period,
    encounters.member_id,
    encounters.encounter_id,
    members.member_level,
    encounters.patient_id,
    {{ row_hash(['encounters.member_id', 'encounters.patient_id']) }} as person_hash,
    encounters.encounter_type,
    encounters.encounter_type = 'inpatient' as is_inpatient,
    encounters.sex,
    encounters.age_years,
    encounters.age_days,
    encounters.birth_weight,
    encounters.payer,
    encounters.dept_code,
    encounters.doctor_id,
    encounters.started_at,
    encounters.ended_at,
    cast(encounters.started_at as date) as started_on,
    cast(encounters.ended_at as date) as ended_on,
    encounters.los_days as los,
    encounters.primary_diagnosis,
    substr(encounters.primary_diagnosis, 1, 3) as dx3,
    substr(encounters.primary_diagnosis, 1, 5) as dx5,
    encounters.primary_procedure,
    encounters.disposition,
    coalesce(encounters.disposition in ('transfer', 'died', 'left'), false) as is_left_open,
    coalesce(encounters.is_planned_readmission, false) or exempt.encounter_id is not null as is_exempt,
    settled.drg_code,
    settled.fund_paid,
    settled.patient_paid,
    settled.settled_charge,
    greatest(encounters.delivery_date, coalesce(settled.delivery_date, encounters.delivery_date)) as delivered_on
from encounters
inner join members on encounters.member_id = members.member_id
left join settled
    on encounters.member_id = settled.member_id and encounters.encounter_id = settled.encounter_id
left join exempt
    on encounters.member_id = exempt.member_id and encounters.encounter_id = exempt.encounter_id
