-- One row per line of a restricted drug where no diagnosis of the encounter is among its indications (R51, S2-RISK-18).
with lines as (
    select * from {{ ref('int_risk__drug_line') }}
    where indication_icd_prefixes is not null and payer <> 'self'
),

indicated as (
    select distinct lines.member_id, lines.charge_id
    from lines
    inner join {{ ref('int_risk__diagnosis') }} as diagnoses
        on lines.member_id = diagnoses.member_id
        and lines.encounter_id = diagnoses.encounter_id
        and {{ has_prefix_of('diagnoses.icd10', 'lines.indication_icd_prefixes') }}
),

-- An encounter without any diagnosis says nothing about indications.
diagnosed as (
    select distinct member_id, encounter_id from {{ ref('int_risk__diagnosis') }}
    where icd10 is not null
)

select
    'R51' as rule_code,
    lines.member_id,
    lines.encounter_id,
    lines.item_code as subject,
    lines.charge_id,
    lines.charged_on as evidence_on,
    lines.amount as amount_at_risk,
    false as is_certain,
    '药品' || lines.item_name || '(' || lines.item_code || ')限定适应症' || lines.indication_icd_prefixes
    || ',本次就诊全部诊断均不在范围内,疑似超适应症用药' as evidence
from lines
inner join diagnosed on lines.member_id = diagnosed.member_id and lines.encounter_id = diagnosed.encounter_id
left join indicated on lines.member_id = indicated.member_id and lines.charge_id = indicated.charge_id
where indicated.charge_id is null
