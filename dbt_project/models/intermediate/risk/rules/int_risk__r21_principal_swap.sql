-- One row per stay whose bill is far below what its group is paid, and that the secondary diagnosis for which most was done would
-- bring into a lighter group (R21, S2-RISK-16). What was done for a diagnosis are the drugs and exams with an indication for it.
-- Needs the national grouping tables.
with swapped as (
    select * from {{ ref('int_risk__drg_difference') }}
    where variant = 'swapped' and grouped_weight is not null
),

as_billed as (
    select member_id, encounter_id, principal, grouped_drg
    from {{ ref('int_risk__drg_difference') }}
    where variant = 'as_coded' and drg_code = grouped_drg
),

concerned as (
    select member_id, encounter_id, principal as icd10 from swapped
    union
    select as_billed.member_id, as_billed.encounter_id, as_billed.principal as icd10
    from as_billed
    inner join swapped on as_billed.member_id = swapped.member_id and as_billed.encounter_id = swapped.encounter_id
),

indicated as (
    select lines.member_id, lines.encounter_id, lines.amount, limits.indication_icd_prefixes
    from {{ ref('int_risk__watched_line') }} as lines
    inner join {{ ref('int_risk__drug_limit') }} as limits
        on lines.item_code = limits.drug_code
        and lines.charged_on >= limits.valid_from
        and lines.charged_on <= coalesce(limits.valid_to, lines.charged_on)
    where lines.is_listed_drug and limits.indication_icd_prefixes is not null
    union all
    select lines.member_id, lines.encounter_id, lines.amount, indications.indication_icd_prefixes
    from {{ ref('int_risk__watched_line') }} as lines
    inner join {{ ref('exam_indications') }} as indications
        on lines.item_code = indications.item_code
        and lines.charged_on >= indications.valid_from
        and lines.charged_on <= coalesce(indications.valid_to, lines.charged_on)
    where lines.is_listed_exam
),

done as (
    select
        concerned.member_id,
        concerned.encounter_id,
        concerned.icd10,
        {{ money('sum(indicated.amount)') }} as amount
    from concerned
    inner join indicated
        on concerned.member_id = indicated.member_id
        and concerned.encounter_id = indicated.encounter_id
        and {{ has_prefix_of('concerned.icd10', 'indicated.indication_icd_prefixes') }}
    group by concerned.member_id, concerned.encounter_id, concerned.icd10
),

ranked as (
    select
        swapped.*,
        as_billed.principal as billed_principal,
        theirs.amount as done_amount,
        coalesce(own.amount, 0) as own_amount,
        row_number() over (
            partition by swapped.member_id, swapped.encounter_id order by theirs.amount desc, swapped.principal
        ) as place
    from swapped
    inner join as_billed on swapped.member_id = as_billed.member_id and swapped.encounter_id = as_billed.encounter_id
    inner join done as theirs
        on swapped.member_id = theirs.member_id
        and swapped.encounter_id = theirs.encounter_id
        and swapped.principal = theirs.icd10
    left join done as own
        on as_billed.member_id = own.member_id
        and as_billed.encounter_id = own.encounter_id
        and as_billed.principal = own.icd10
)

select
    'R21' as rule_code,
    member_id,
    encounter_id,
    drg_code as subject,
    cast(null as varchar) as charge_id,
    ended_on as evidence_on,
    payment_difference as amount_at_risk,
    false as is_certain,
    '本次住院主要诊断' || billed_principal || ',按' || drg_code || '(权重' || {{ plain('weight') }}
    || ')结算,而总费用远低于该组标准,且针对次要诊断' || principal || '的检查用药' || {{ plain('done_amount') }} || '元多于主要诊断的'
    || {{ plain('own_amount') }} || '元;以其为主要诊断应入' || grouped_drg || '(权重' || {{ plain('grouped_weight') }} || '),疑似主要诊断选择高套' as evidence
from ranked
where place = 1 and payment_difference > 0 and done_amount > own_amount
