-- One row per discharged stay with charges: what a model of normal care compares it by (S2-RISK-49). Amounts are yuan per day of the stay.
with charged as (
    select
        member_id,
        encounter_id,
        sum(amount) as amount,
        sum(drug_amount) as drug_amount,
        sum(material_amount) as material_amount,
        sum(exam_amount) as exam_amount,
        sum(treatment_amount) - sum(drug_amount) as treatment_amount,
        sum(idle_amount) as care_amount,
        sum(exam_quantity) as exam_quantity,
        sum(material_quantity) as material_quantity,
        sum(lines) as lines
    from {{ ref('int_risk__stay_day') }}
    group by member_id, encounter_id
)

select
    stays.period,
    stays.member_id,
    stays.encounter_id,
    stays.member_level,
    stays.dept_code,
    stays.drg_code,
    drg.mdc,
    drg.partition,
    stays.los,
    {{ money('charged.amount') }} as amount,
    {{ money_per('charged.amount', 'stays.los') }} as daily_amount,
    {{ money_per('charged.drug_amount', 'stays.los') }} as daily_drug,
    {{ money_per('charged.material_amount', 'stays.los') }} as daily_material,
    {{ money_per('charged.exam_amount', 'stays.los') }} as daily_exam,
    {{ money_per('charged.treatment_amount', 'stays.los') }} as daily_treatment,
    {{ money_per('charged.care_amount', 'stays.los') }} as daily_care,
    {{ ratio('charged.exam_quantity', 'stays.los') }} as daily_tests,
    {{ ratio('charged.material_quantity', 'stays.los') }} as daily_pieces,
    {{ ratio('charged.lines', 'stays.los') }} as daily_lines,
    {{ ratio('charged.drug_amount', 'charged.amount') }} as drug_share,
    {{ ratio('charged.exam_amount', 'charged.amount') }} as exam_share,
    {{ ratio('charged.material_amount', 'charged.amount') }} as material_share
from {{ ref('int_risk__stay') }} as stays
inner join charged on stays.member_id = charged.member_id and stays.encounter_id = charged.encounter_id
left join {{ ref('drg') }} as drg
    on stays.drg_code = drg.drg_code
    and stays.ended_on >= drg.valid_from
    and stays.ended_on <= coalesce(drg.valid_to, stays.ended_on)
where stays.ended_on is not null and charged.amount > 0
