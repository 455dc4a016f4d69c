-- One row per member and charge, with the facts of its encounter. Cheap to name, not cheap to read: take
-- int_core__charge where the encounter isn't needed. A charge whose encounter was never delivered keeps NULLs.
{{ config(materialized='view') }}

select
    charges.*,
    encounters.case_period,
    encounters.is_open,
    encounters.encounter_type,
    encounters.patient_id,
    encounters.sex,
    encounters.age_years,
    encounters.payer,
    encounters.dept_code as encounter_dept_code,
    encounters.doctor_id as encounter_doctor_id,
    encounters.started_at,
    encounters.ended_at,
    encounters.disposition,
    encounters.primary_diagnosis,
    encounters.primary_procedure,
    encounters.encounter_id is not null as has_encounter
from {{ ref('int_core__charge') }} as charges
left join {{ ref('int_core__encounter') }} as encounters
    on charges.member_id = encounters.member_id
    and charges.encounter_id = encounters.encounter_id
