-- One row per line of a drug or an exam with indications where no diagnosis of the encounter is among them: what R51 and R63 share.
-- An encounter without any diagnosis says nothing about indications.
with lines as (
    select
        'drug' as kind, member_id, encounter_id, charge_id, charged_on, item_code, item_name, amount, indication_icd_prefixes
    from {{ ref('int_risk__drug_line') }}
    where indication_icd_prefixes is not null and payer <> 'self'
    union all
    select
        'exam' as kind, exams.member_id, exams.encounter_id, exams.charge_id, exams.charged_on, exams.item_code, exams.item_name,
        exams.amount, indications.indication_icd_prefixes
    from {{ ref('int_risk__watched_line') }} as exams
    inner join {{ ref('exam_indications') }} as indications
        on exams.item_code = indications.item_code
        and exams.charged_on >= indications.valid_from
        and exams.charged_on <= coalesce(indications.valid_to, exams.charged_on)
    where exams.is_listed_exam
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
    lines.kind,
    lines.member_id,
    lines.encounter_id,
    lines.charge_id,
    lines.charged_on,
    lines.item_code,
    lines.item_name,
    lines.amount,
    lines.indication_icd_prefixes
from lines
inner join diagnosed on lines.member_id = diagnosed.member_id and lines.encounter_id = diagnosed.encounter_id
left join indicated on lines.member_id = indicated.member_id and lines.charge_id = indicated.charge_id
where indicated.charge_id is null
