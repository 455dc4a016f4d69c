-- One row per stay with which a person reaches the bound of stays in a calendar year, over all members (R13).
with stays as (
    select
        *,
        substr(cast(started_on as varchar), 1, 4) as calendar_year,
        row_number() over (
            partition by patient_id, substr(cast(started_on as varchar), 1, 4)
            order by started_at, member_id, encounter_id
        ) as stay_of_year
    from {{ ref('int_risk__stay') }}
    where not is_exempt
),

bounds as (
    select * from {{ rule_parameters('R13', ['max_stays']) }}
)

select
    'R13' as rule_code,
    stays.member_id,
    stays.encounter_id,
    stays.calendar_year as subject,
    cast(null as varchar) as charge_id,
    stays.started_on as evidence_on,
    stays.fund_paid as amount_at_risk,
    false as is_certain,
    '该患者' || stays.calendar_year || '年内第' || cast(stays.stay_of_year as varchar) || '次住院(' || cast(stays.started_on as varchar)
    || '入院,不含计划再入院、放化疗、透析、康复和分娩),达到频繁住院界限' as evidence
from stays
inner join bounds on stays.period = bounds.period
where stays.stay_of_year >= bounds.max_stays
