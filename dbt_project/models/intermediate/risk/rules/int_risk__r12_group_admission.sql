-- One row per stay of a group admitted to one ward on one day for the same disease, all signed with the same family doctor (R12).
-- Phones and addresses never reach the pipeline; the family doctor's list stands for the village.
with signed as (
    select
        stays.period,
        stays.member_id,
        stays.encounter_id,
        stays.patient_id,
        stays.dept_code,
        stays.started_on,
        stays.dx3,
        stays.fund_paid,
        contracts.gp_id,
        row_number() over (
            partition by stays.member_id, stays.encounter_id order by contracts.signed_on desc, contracts.gp_id
        ) as place
    from {{ ref('int_risk__stay') }} as stays
    inner join {{ ref('stg_family_contracts') }} as contracts
        on stays.patient_id = contracts.patient_id and contracts.signed_on <= stays.started_on
    where not stays.is_exempt
),

bounds as (
    select * from {{ rule_parameters('R12', ['min_admissions']) }}
),

counted as (
    select
        signed.*,
        count(*) over (
            partition by signed.member_id, signed.dept_code, signed.started_on, signed.dx3, signed.gp_id
        ) as admissions
    from signed
    where signed.place = 1
)

select
    'R12' as rule_code,
    counted.member_id,
    counted.encounter_id,
    counted.dept_code || '@' || cast(counted.started_on as varchar) as subject,
    cast(null as varchar) as charge_id,
    counted.started_on as evidence_on,
    counted.fund_paid as amount_at_risk,
    false as is_certain,
    cast(counted.started_on as varchar) || '同一家庭医生签约的' || cast(counted.admissions as varchar) || '名居民同日因同类疾病(' || counted.dx3
    || ')入住同一病区' || counted.dept_code || ',疑似集中收治住院' as evidence
from counted
inner join bounds on counted.period = bounds.period
where counted.admissions >= bounds.min_admissions
