-- One row per thing billed that the record of a case with notes should bear out: the principal diagnosis of a stay, and the exams and drugs
-- that a rule found without an indication. A record bears it out where it affirms a diagnosis of these prefixes.
with noted as (
    select distinct member_id, encounter_id from {{ ref('stg_clinical_notes') }}
),

cases as (
    select cases.*
    from {{ ref('int_risk__case') }} as cases
    inner join noted on cases.member_id = noted.member_id and cases.encounter_id = noted.encounter_id
),

hits as (
    select distinct member_id, encounter_id, rule_code, subject, evidence_on
    from {{ ref('int_risk__hit') }}
    where rule_code in ('R51', 'R63')
)

select
    cases.period,
    cases.member_id,
    cases.encounter_id,
    'diagnosis' as claim,
    cases.primary_diagnosis as subject,
    cases.primary_diagnosis as icd_prefixes
from cases
where cases.is_inpatient and nullif(trim(cases.primary_diagnosis), '') is not null

union all

select
    cases.period,
    cases.member_id,
    cases.encounter_id,
    'exam' as claim,
    hits.subject,
    indications.indication_icd_prefixes as icd_prefixes
from cases
inner join hits on cases.member_id = hits.member_id and cases.encounter_id = hits.encounter_id and hits.rule_code = 'R63'
inner join {{ ref('exam_indications') }} as indications
    on hits.subject = indications.item_code
    and hits.evidence_on >= indications.valid_from
    and hits.evidence_on <= coalesce(indications.valid_to, hits.evidence_on)

union all

select
    cases.period,
    cases.member_id,
    cases.encounter_id,
    'drug' as claim,
    hits.subject,
    limits.indication_icd_prefixes as icd_prefixes
from cases
inner join hits on cases.member_id = hits.member_id and cases.encounter_id = hits.encounter_id and hits.rule_code = 'R51'
inner join {{ ref('drug_limits') }} as limits
    on hits.subject = limits.drug_code
    and hits.evidence_on >= limits.valid_from
    and hits.evidence_on <= coalesce(limits.valid_to, hits.evidence_on)
where limits.indication_icd_prefixes is not null
