-- One row per stay that begins in the same member on the day another stay of the person ended, whatever the disease (R03).
-- A pair for the same disease is R01's; a pair is counted once.
with stays as (
    select * from {{ ref('int_risk__stay') }}
),

split_pairs as (
    select member_id, encounter_id, subject from {{ ref('int_risk__r01_split_admission') }}
),

pairs as (
    select
        later.member_id,
        later.encounter_id,
        later.started_on,
        later.primary_diagnosis,
        earlier.encounter_id as earlier_encounter_id,
        earlier.primary_diagnosis as earlier_diagnosis,
        least(later.fund_paid, earlier.fund_paid) as amount_at_risk
    from stays as later
    inner join stays as earlier
        on later.member_id = earlier.member_id
        and later.patient_id = earlier.patient_id
        and later.started_on = earlier.ended_on
        and earlier.started_at < later.started_at
    where not later.is_exempt and coalesce(earlier.disposition, 'home') <> 'died'
)

select
    'R03' as rule_code,
    pairs.member_id,
    pairs.encounter_id,
    pairs.earlier_encounter_id as subject,
    cast(null as varchar) as charge_id,
    pairs.started_on as evidence_on,
    pairs.amount_at_risk,
    true as is_certain,
    '同一患者于' || cast(pairs.started_on as varchar) || '出院(住院号' || pairs.earlier_encounter_id || ',主要诊断'
    || pairs.earlier_diagnosis || '),当日在同一机构再次办理入院(主要诊断' || pairs.primary_diagnosis
    || '),将一次住院拆分结算' as evidence
from pairs
left join split_pairs
    on pairs.member_id = split_pairs.member_id
    and pairs.encounter_id = split_pairs.encounter_id
    and pairs.earlier_encounter_id = split_pairs.subject
where split_pairs.encounter_id is null
