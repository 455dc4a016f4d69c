-- One row per short stay in a light group that was mostly exams, without treatment or operation (R07).
with fees as (
    select
        member_id,
        encounter_id,
        sum(amount) as amount,
        sum(exam_amount) as exam_amount,
        sum(treatment_quantity) as treatment_quantity
    from {{ ref('int_risk__stay_day') }}
    group by member_id, encounter_id
),

bounds as (
    select * from {{ rule_parameters('R07', ['max_los', 'min_exam_share', 'max_weight']) }}
)

select
    'R07' as rule_code,
    stays.member_id,
    stays.encounter_id,
    'stay' as subject,
    cast(null as varchar) as charge_id,
    stays.ended_on as evidence_on,
    stays.fund_paid as amount_at_risk,
    false as is_certain,
    '住院' || cast(stays.los as varchar) || '天,病组' || stays.drg_code || '权重' || {{ plain('payments.weight') }} || ',检查化验费占总费用'
    || cast(cast({{ ratio('fees.exam_amount * 100', 'fees.amount') }} as decimal(18, 1)) as varchar) || '%,没有治疗和手术,疑似低标准入院' as evidence
from {{ ref('int_risk__stay') }} as stays
inner join bounds on stays.period = bounds.period
inner join fees on stays.member_id = fees.member_id and stays.encounter_id = fees.encounter_id
inner join {{ ref('int_payment__case') }} as payments
    on stays.member_id = payments.member_id and stays.encounter_id = payments.encounter_id
where stays.los <= bounds.max_los
    and not stays.is_exempt
    and payments.weight < bounds.max_weight
    and fees.treatment_quantity <= 0
    and stays.primary_procedure is null
    and fees.amount > 0
    and fees.exam_amount >= fees.amount * bounds.min_exam_share
