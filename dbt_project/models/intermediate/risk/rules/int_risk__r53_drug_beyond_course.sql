-- One row per encounter and drug prescribed for more days than its course of treatment is paid for (R53).
with prescribed as (
    select
        prescriptions.member_id,
        prescriptions.encounter_id,
        prescriptions.drug_code,
        sum(prescriptions.days) as days
    from {{ ref('stg_prescriptions') }} as prescriptions
    where prescriptions.drug_code in (select drug_code from {{ ref('drug_limits') }} where max_days is not null)
        and coalesce(prescriptions.review_result, 'pass') <> 'rejected'
    group by prescriptions.member_id, prescriptions.encounter_id, prescriptions.drug_code
),

beyond as (
    select
        prescribed.*,
        limits.drug_name,
        limits.max_days,
        cases.started_on
    from prescribed
    inner join {{ ref('int_risk__case') }} as cases
        on prescribed.member_id = cases.member_id and prescribed.encounter_id = cases.encounter_id
    inner join {{ ref('drug_limits') }} as limits
        on prescribed.drug_code = limits.drug_code
        and cases.started_on >= limits.valid_from
        and cases.started_on <= coalesce(limits.valid_to, cases.started_on)
    where prescribed.days > limits.max_days and cases.payer <> 'self'
)

select
    'R53' as rule_code,
    beyond.member_id,
    beyond.encounter_id,
    beyond.drug_code as subject,
    charges.charge_id,
    coalesce(charges.charged_on, beyond.started_on) as evidence_on,
    {{ money_per('charges.amount * (beyond.days - beyond.max_days)', 'beyond.days') }} as amount_at_risk,
    true as is_certain,
    '药品' || beyond.drug_name || '(' || beyond.drug_code || ')本次开具' || cast(beyond.days as varchar) || '天,限定支付疗程'
    || cast(beyond.max_days as varchar) || '天,超出' || cast(beyond.days - beyond.max_days as varchar) || '天' as evidence
from beyond
left join {{ ref('int_risk__charge') }} as charges
    on beyond.member_id = charges.member_id
    and beyond.encounter_id = charges.encounter_id
    and beyond.drug_code = charges.item_code
    and charges.quantity > 0
