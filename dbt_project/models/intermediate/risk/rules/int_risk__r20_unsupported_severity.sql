-- One row per stay billed in a group with complications (severity digit 1 or 3) while a lighter sibling exists and no
-- secondary diagnosis was coded (R20, S2-RISK-16). At risk: the part of the payment that the severity brings.
with groups as (
    select drg_code, drg_name, adrg, weight, valid_from, valid_to, substr(drg_code, 4, 1) as severity
    from {{ ref('drg') }}
),

siblings as (
    select
        severe.drg_code,
        severe.drg_name,
        severe.weight,
        severe.valid_from,
        severe.valid_to,
        min(light.weight) as light_weight,
        min(light.drg_code) as light_drg_code
    from groups as severe
    inner join groups as light
        on severe.adrg = light.adrg
        and light.severity = '5'
        and light.weight < severe.weight
    where severe.severity in ('1', '3')
    group by all
),

secondary as (
    select distinct diagnoses.member_id, diagnoses.encounter_id
    from {{ ref('stg_diagnoses') }} as diagnoses
    inner join {{ ref('int_risk__stay') }} as stays
        on diagnoses.member_id = stays.member_id and diagnoses.encounter_id = stays.encounter_id
    where diagnoses.icd10 <> stays.primary_diagnosis
)

select
    'R20' as rule_code,
    stays.member_id,
    stays.encounter_id,
    stays.drg_code as subject,
    cast(null as varchar) as charge_id,
    stays.ended_on as evidence_on,
    {{ money_per('payments.payment * (siblings.weight - siblings.light_weight)', 'siblings.weight') }} as amount_at_risk,
    false as is_certain,
    '本次住院按' || stays.drg_code || '(' || siblings.drg_name || ')结算,但没有任何次要诊断支持其并发症或合并症,依据编码应入'
    || siblings.light_drg_code || ',疑似高套编码' as evidence
from {{ ref('int_risk__stay') }} as stays
inner join siblings
    on stays.drg_code = siblings.drg_code
    and stays.ended_on >= siblings.valid_from
    and stays.ended_on <= coalesce(siblings.valid_to, stays.ended_on)
left join {{ ref('int_payment__case') }} as payments
    on stays.member_id = payments.member_id and stays.encounter_id = payments.encounter_id
left join secondary on stays.member_id = secondary.member_id and stays.encounter_id = secondary.encounter_id
where secondary.encounter_id is null
