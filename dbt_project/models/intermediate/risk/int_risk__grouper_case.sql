-- One row per discharged stay settled by DRG: what the grouper asks of it, and what it was paid as.
with bounds as (
    select * from {{ rule_parameters('R21', ['low_cost_ratio']) }}
)

select
    payments.period,
    payments.member_id,
    payments.encounter_id,
    stays.dept_code,
    stays.doctor_id,
    stays.ended_on,
    stays.primary_diagnosis as principal,
    stays.sex,
    stays.age_years,
    stays.age_days,
    stays.birth_weight,
    payments.drg_code,
    stays.adrg,
    payments.weight,
    payments.payment,
    coalesce(payments.charge < payments.standard * bounds.low_cost_ratio, false) as is_cheap
from {{ ref('int_payment__case') }} as payments
inner join {{ ref('int_risk__stay') }} as stays
    on payments.member_id = stays.member_id and payments.encounter_id = stays.encounter_id
inner join bounds on payments.period = bounds.period
