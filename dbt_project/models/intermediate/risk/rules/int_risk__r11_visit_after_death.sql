-- One row per encounter that begins after the person's death in any member (R11).
with cases as (
    select * from {{ ref('int_risk__case') }}
),

deaths as (
    select
        patient_id,
        min(coalesce(ended_at, started_at)) as died_at,
        min(member_id || '/' || encounter_id) as death_encounter
    from cases
    where disposition = 'died'
    group by patient_id
)

select
    'R11' as rule_code,
    cases.member_id,
    cases.encounter_id,
    deaths.death_encounter as subject,
    cast(null as varchar) as charge_id,
    cases.started_on as evidence_on,
    cases.fund_paid as amount_at_risk,
    true as is_certain,
    '就诊开始于' || cast(cases.started_on as varchar) || ',而该患者已于' || cast(cast(deaths.died_at as date) as varchar)
    || '死亡(就诊号' || deaths.death_encounter || '),疑似冒名就医' as evidence
from cases
inner join deaths
    on cases.patient_id = deaths.patient_id
    and cases.started_at > deaths.died_at
    and cases.started_on > cast(deaths.died_at as date)
