-- One row per discharged inpatient case settled by DRG: tariff, outlier, what the insurer pays in all, and the result of the case
-- (S3-DRG-01: above the standard is the hospital's loss, below it is kept). Cost and surplus are empty where the case has no cost.
-- By its encounter a case is followed from care to charge, settlement and result (S2-PLAT-01).
select
    payments.period,
    payments.member_id,
    members.name as member_name,
    payments.encounter_id,
    payments.dept_code,
    payments.drg_code,
    payments.drg_name,
    payments.weight,
    payments.rate,
    payments.level_factor,
    -- the yearly coordination bonus (S3-DRG-17) is decided after the year; until then nothing is added (AMB-43)
    cast(1 as decimal(18, 6)) as collaboration_factor,
    payments.tariff_kind,
    payments.standard,
    payments.outlier,
    payments.is_beyond_cap,
    payments.charge,
    payments.patient_paid,
    payments.fund_paid,
    payments.fund_payment,
    payments.payment,
    costs.total_cost as cost,
    {{ money('payments.payment - costs.total_cost') }} as surplus
from {{ ref('int_payment__case') }} as payments
left join {{ ref('cost__case_cost') }} as costs
    on payments.period = costs.period
    and payments.member_id = costs.member_id
    and payments.encounter_id = costs.encounter_id
left join {{ ref('core__member') }} as members on payments.member_id = members.member_id
