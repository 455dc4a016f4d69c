-- One row per stay whose bill is almost only exams and hardly any drug, treatment or operation (R08).
with fees as (
    select
        member_id,
        encounter_id,
        sum(amount) as amount,
        sum(exam_amount) as exam_amount,
        sum(treatment_amount) as treatment_amount
    from {{ ref('int_risk__stay_day') }}
    group by member_id, encounter_id
),

bounds as (
    select * from {{ rule_parameters('R08', ['min_exam_share', 'max_treatment_share']) }}
)

select
    'R08' as rule_code,
    stays.member_id,
    stays.encounter_id,
    'stay' as subject,
    cast(null as varchar) as charge_id,
    stays.ended_on as evidence_on,
    stays.fund_paid as amount_at_risk,
    false as is_certain,
    '住院' || cast(stays.los as varchar) || '天,检查化验费占总费用'
    || cast(cast({{ ratio('fees.exam_amount * 100', 'fees.amount') }} as decimal(18, 1)) as varchar) || '%,药品、治疗和手术仅占'
    || cast(cast({{ ratio('fees.treatment_amount * 100', 'fees.amount') }} as decimal(18, 1)) as varchar) || '%,疑似体检式住院' as evidence
from {{ ref('int_risk__stay') }} as stays
inner join bounds on stays.period = bounds.period
inner join fees on stays.member_id = fees.member_id and stays.encounter_id = fees.encounter_id
where stays.ended_on is not null
    and not stays.is_exempt
    and fees.amount > 0
    and fees.exam_amount >= fees.amount * bounds.min_exam_share
    and fees.treatment_amount <= fees.amount * bounds.max_treatment_share
