-- One row per stay settled by DRG and secondary diagnosis, and whether something that it always leads to was charged (R20).
-- A diagnosis without a row of evidence, and any of a stay without charge lines, is never unsupported.
with secondary as (
    select distinct
        diagnoses.member_id,
        diagnoses.encounter_id,
        diagnoses.icd10,
        cases.ended_on
    from {{ ref('stg_diagnoses') }} as diagnoses
    inner join {{ ref('int_risk__grouper_case') }} as cases
        on diagnoses.member_id = cases.member_id and diagnoses.encounter_id = cases.encounter_id
    where diagnoses.icd10 <> cases.principal
),

expected as (
    select
        secondary.member_id,
        secondary.encounter_id,
        secondary.icd10,
        evidence.national_code_prefixes
    from secondary
    inner join {{ ref('risk_diagnosis_evidence') }} as evidence
        on secondary.icd10 like evidence.icd_prefix || '%'
        and secondary.ended_on >= evidence.valid_from
        and secondary.ended_on <= coalesce(evidence.valid_to, secondary.ended_on)
),

items as (
    select distinct
        expected.national_code_prefixes,
        items.item_code
    from (select distinct national_code_prefixes from expected) as expected
    inner join {{ ref('items') }} as items
        on {{ has_prefix_of('items.national_code', 'expected.national_code_prefixes') }}
),

done as (
    select distinct
        charges.member_id,
        charges.encounter_id,
        items.national_code_prefixes
    from {{ ref('int_core__charge') }} as charges
    inner join (select distinct member_id, encounter_id from expected) as concerned
        on charges.member_id = concerned.member_id and charges.encounter_id = concerned.encounter_id
    inner join items on charges.item_code = items.item_code
),

charged as (
    select distinct member_id, encounter_id from {{ ref('int_risk__stay_day') }}
),

unsupported as (
    select distinct expected.member_id, expected.encounter_id, expected.icd10
    from expected
    inner join charged on expected.member_id = charged.member_id and expected.encounter_id = charged.encounter_id
    left join done
        on expected.member_id = done.member_id
        and expected.encounter_id = done.encounter_id
        and expected.national_code_prefixes = done.national_code_prefixes
    where done.encounter_id is null
)

select
    secondary.member_id,
    secondary.encounter_id,
    secondary.icd10 as code,
    unsupported.icd10 is not null as is_unsupported
from secondary
left join unsupported
    on secondary.member_id = unsupported.member_id
    and secondary.encounter_id = unsupported.encounter_id
    and secondary.icd10 = unsupported.icd10
