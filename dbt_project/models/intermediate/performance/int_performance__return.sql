-- One row per inpatient stay that the person left alive: the start of their next unplanned stay in any member, where there is one
-- (domain 6.3, scope consortium). A transfer or a planned treatment series is no return.
with stays as (
    select
        encounters.member_id,
        encounters.encounter_id,
        encounters.patient_id,
        encounters.started_at,
        encounters.ended_at,
        encounters.disposition,
        coalesce(encounters.is_planned_readmission, false)
        or exists (
            select 1 from {{ ref('risk_exemptions') }} as exemptions
            where encounters.primary_diagnosis like exemptions.icd_prefix || '%'
        ) as is_planned
    from {{ ref('int_core__encounter') }} as encounters
    where encounters.encounter_type = 'inpatient'
),

followed as (
    select
        *,
        min(case when not is_planned then started_at end) over (
            partition by patient_id order by started_at, encounter_id
            rows between 1 following and unbounded following
        ) as returned_at
    from stays
)

select member_id, encounter_id, returned_at
from followed
where ended_at is not null
    and coalesce(disposition, 'home') not in ('died', 'transfer')
    and returned_at >= ended_at
