-- One row per stay billed in a group with complications that nothing supports (R20, S2-RISK-16): no secondary diagnosis is coded
-- at all, or none of which what it always leads to was charged (while a lighter sibling exists, severity digit 1 or 3); or the
-- national tables give a lighter group of the same ADRG, as coded or without the unsupported diagnoses.
-- At risk: the part of the payment that the severity brings.
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
    select
        member_id,
        encounter_id,
        sum(case when is_unsupported then 0 else 1 end) as supported,
        min(code) as code
    from {{ ref('int_risk__grouper_diagnosis') }}
    group by member_id, encounter_id
),

unsupported as (
    select
        1 as place,
        cases.member_id,
        cases.encounter_id,
        cases.drg_code,
        cases.ended_on,
        {{ money_per('cases.payment * (siblings.weight - siblings.light_weight)', 'siblings.weight') }} as amount_at_risk,
        '本次住院按' || cases.drg_code || '(' || siblings.drg_name || ')结算,但'
        || case
            when secondary.encounter_id is null then '没有任何次要诊断支持其并发症或合并症'
            else '次要诊断' || secondary.code || '没有任何相应的检查、用药或治疗收费'
        end
        || ',依据编码应入' || siblings.light_drg_code || ',疑似高套编码' as evidence
    from {{ ref('int_risk__grouper_case') }} as cases
    inner join siblings
        on cases.drg_code = siblings.drg_code
        and cases.ended_on >= siblings.valid_from
        and cases.ended_on <= coalesce(siblings.valid_to, cases.ended_on)
    left join secondary on cases.member_id = secondary.member_id and cases.encounter_id = secondary.encounter_id
    where coalesce(secondary.supported, 0) = 0
),

regrouped as (
    select
        case variant when 'as_coded' then 2 else 3 end as place,
        member_id,
        encounter_id,
        drg_code,
        ended_on,
        payment_difference as amount_at_risk,
        '本次住院按' || drg_code || '结算,按国家分组方案依据'
        || case variant when 'as_coded' then '全部编码' else '有收费依据的诊断' end || '应入' || grouped_drg || '('
        || grouped_drg_name || '),权重' || {{ plain('weight') }} || '高于' || {{ plain('grouped_weight') }} || ',疑似高套编码' as evidence
    from {{ ref('int_risk__drg_difference') }}
    where variant in ('as_coded', 'supported') and adrg = grouped_adrg and payment_difference > 0
),

ranked as (
    select
        *,
        row_number() over (partition by member_id, encounter_id order by place) as choice
    from (
        select * from unsupported
        union all
        select * from regrouped
    ) as found
)

select
    'R20' as rule_code,
    member_id,
    encounter_id,
    drg_code as subject,
    cast(null as varchar) as charge_id,
    ended_on as evidence_on,
    amount_at_risk,
    false as is_certain,
    evidence
from ranked
where choice = 1
