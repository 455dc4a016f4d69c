-- One row per line of a drug prescribed to an outpatient while the supply of the last prescription lasts for more than the
-- allowed days (R54), in any member.
with fills as (
    select
        cases.period,
        cases.member_id,
        cases.encounter_id,
        cases.patient_id,
        prescriptions.drug_code,
        coalesce(prescriptions.prescribed_on, cases.started_on) as filled_on,
        cast(sum(prescriptions.days) as integer) as days
    from {{ ref('stg_prescriptions') }} as prescriptions
    inner join {{ ref('int_risk__case') }} as cases
        on prescriptions.member_id = cases.member_id and prescriptions.encounter_id = cases.encounter_id
    where cases.encounter_type in ('outpatient', 'emergency')
        and cases.payer <> 'self'
        and coalesce(prescriptions.review_result, 'pass') <> 'rejected'
    group by all
),

followed as (
    select
        *,
        lag(filled_on) over earlier_first as earlier_on,
        lag(days) over earlier_first as earlier_days,
        lag(member_id || '/' || encounter_id) over earlier_first as earlier_encounter
    from fills
    window earlier_first as (partition by patient_id, drug_code order by filled_on, member_id, encounter_id)
),

bounds as (
    select * from {{ rule_parameters('R54', ['overlap_days']) }}
),

overlapping as (
    select
        followed.*,
        {{ days_between('followed.filled_on', day_add('followed.earlier_on', 'followed.earlier_days')) }} as days_left
    from followed
    inner join bounds on followed.period = bounds.period
    where {{ days_between('followed.filled_on', day_add('followed.earlier_on', 'followed.earlier_days')) }} > bounds.overlap_days
)

select
    'R54' as rule_code,
    overlapping.member_id,
    overlapping.encounter_id,
    overlapping.drug_code as subject,
    charges.charge_id,
    overlapping.filled_on as evidence_on,
    {{ money_per('charges.amount * least(overlapping.days_left, overlapping.days)', 'overlapping.days') }} as amount_at_risk,
    false as is_certain,
    '药品' || overlapping.drug_code || '于' || cast(overlapping.filled_on as varchar) || '再次开具' || cast(overlapping.days as varchar)
    || '天,而' || cast(overlapping.earlier_on as varchar) || '的处方(就诊号' || overlapping.earlier_encounter || ')尚余'
    || cast(overlapping.days_left as varchar) || '天用量,疑似重复开药' as evidence
from overlapping
left join {{ ref('int_risk__charge') }} as charges
    on overlapping.member_id = charges.member_id
    and overlapping.encounter_id = charges.encounter_id
    and overlapping.drug_code = charges.item_code
    and charges.quantity > 0
