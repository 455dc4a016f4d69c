-- One row per settled encounter whose principal diagnosis cannot be what it says: of the other sex, outside its ages, or a code that
-- never is a principal diagnosis (R23). Sex U never violates, ages are inclusive.
with codes as (
    select distinct primary_diagnosis from {{ ref('int_risk__case') }}
    where primary_diagnosis is not null
),

listed as (
    select
        codes.primary_diagnosis,
        limits.icd_pattern,
        limits.sex_limit,
        limits.age_min,
        limits.age_max,
        limits.may_be_principal,
        limits.reason_zh,
        limits.valid_from,
        limits.valid_to
    from codes
    inner join {{ ref('risk_coding_limits') }} as limits on codes.primary_diagnosis like limits.icd_pattern
),

hits as (
    select
        cases.member_id,
        cases.encounter_id,
        cases.started_on,
        cases.primary_diagnosis,
        cases.sex,
        cases.age_years,
        listed.reason_zh,
        row_number() over (
            partition by cases.member_id, cases.encounter_id order by listed.icd_pattern
        ) as place
    from {{ ref('int_risk__case') }} as cases
    inner join listed
        on cases.primary_diagnosis = listed.primary_diagnosis
        and cases.started_on >= listed.valid_from
        and cases.started_on <= coalesce(listed.valid_to, cases.started_on)
    where cases.settled_charge is not null
        and (
            not listed.may_be_principal
            or coalesce(cases.sex in ('F', 'M') and cases.sex <> listed.sex_limit, false)
            or coalesce(cases.age_years < listed.age_min, false)
            or coalesce(cases.age_years > listed.age_max, false)
        )
)

select
    'R23' as rule_code,
    member_id,
    encounter_id,
    primary_diagnosis as subject,
    cast(null as varchar) as charge_id,
    started_on as evidence_on,
    cast(null as decimal(18, 2)) as amount_at_risk,
    true as is_certain,
    '主要诊断' || primary_diagnosis || ':' || reason_zh || ',患者性别' || sex || ',' || cast(age_years as varchar) || '岁' as evidence
from hits
where place = 1
