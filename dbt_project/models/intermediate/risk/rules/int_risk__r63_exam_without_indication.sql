-- One row per line of an exam for which no diagnosis of the encounter is among its indications (R63, S2-RISK-40, TC-78).
with lines as (
    select lines.*, indications.indication_icd_prefixes
    from {{ ref('int_risk__watched_line') }} as lines
    inner join {{ ref('exam_indications') }} as indications
        on lines.item_code = indications.item_code
        and lines.charged_on >= indications.valid_from
        and lines.charged_on <= coalesce(indications.valid_to, lines.charged_on)
    where lines.is_listed_exam
),

indicated as (
    select distinct lines.member_id, lines.charge_id
    from lines
    inner join {{ ref('int_risk__diagnosis') }} as diagnoses
        on lines.member_id = diagnoses.member_id
        and lines.encounter_id = diagnoses.encounter_id
        and {{ has_prefix_of('diagnoses.icd10', 'lines.indication_icd_prefixes') }}
),

diagnosed as (
    select distinct member_id, encounter_id from {{ ref('int_risk__diagnosis') }}
    where icd10 is not null
)

select
    'R63' as rule_code,
    lines.member_id,
    lines.encounter_id,
    lines.item_code as subject,
    lines.charge_id,
    lines.charged_on as evidence_on,
    lines.amount as amount_at_risk,
    false as is_certain,
    '检查' || lines.item_name || '(' || lines.item_code || ')的适应症为' || lines.indication_icd_prefixes
    || ',本次就诊全部诊断均不在范围内,疑似无指征检查' as evidence
from lines
inner join diagnosed on lines.member_id = diagnosed.member_id and lines.encounter_id = diagnosed.encounter_id
left join indicated on lines.member_id = indicated.member_id and lines.charge_id = indicated.charge_id
where indicated.charge_id is null
