-- One row per encounter and diagnosis code, principal and secondary, of encounters with an item that a diagnosis has to justify.
with concerned as (
    select distinct member_id, encounter_id from {{ ref('int_risk__watched_line') }}
    where is_listed_drug or is_listed_exam
)

select diagnoses.member_id, diagnoses.encounter_id, diagnoses.icd10
from {{ ref('stg_diagnoses') }} as diagnoses
inner join concerned
    on diagnoses.member_id = concerned.member_id and diagnoses.encounter_id = concerned.encounter_id
union
select cases.member_id, cases.encounter_id, cases.primary_diagnosis as icd10
from {{ ref('int_risk__case') }} as cases
inner join concerned
    on cases.member_id = concerned.member_id and cases.encounter_id = concerned.encounter_id
