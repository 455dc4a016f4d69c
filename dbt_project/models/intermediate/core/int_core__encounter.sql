-- One row per member and encounter: of an encounter delivered in several periods the latest row stands.
-- A case belongs to the month of its discharge (inpatient) or of its start (others).
{{ config(materialized='view') }}

with latest as (
    select encounters.*
    from {{ ref('stg_encounters') }} as encounters
    left join {{ ref('int_core__repeated_encounter') }} as repeated
        on encounters.member_id = repeated.member_id
        and encounters.encounter_id = repeated.encounter_id
    where repeated.encounter_id is null or encounters.period = repeated.last_period
)

select
    member_id,
    encounter_id,
    case
        when encounter_type <> 'inpatient' then {{ month_of('started_at') }}
        when ended_at is not null then {{ month_of('ended_at') }}
    end as case_period,
    encounter_type = 'inpatient' and ended_at is null as is_open,
    case
        when encounter_type = 'inpatient' and ended_at is not null
            then greatest({{ days_between('started_at', 'ended_at') }}, 1)
    end as los_days,
    patient_id,
    encounter_type,
    sex,
    age_years,
    age_days,
    birth_weight,
    payer,
    is_local_resident,
    dept_code,
    doctor_id,
    started_at,
    ended_at,
    primary_diagnosis,
    primary_procedure,
    disposition,
    admission_kind,
    care_path,
    has_complication,
    hospital_infection,
    is_planned_readmission,
    reported_cost,
    period as delivered_period,
    delivery_date,
    source_file,
    source_row
from latest
