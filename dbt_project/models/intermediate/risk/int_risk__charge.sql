-- One row per charge line that no refund took back, with its day and the person and stay it was charged to.
-- All lines, never a sample (S2-PLAT-06).
{{ config(materialized='view') }}
select
    lines.member_id,
    lines.encounter_id,
    lines.charge_id,
    cases.patient_id,
    lines.charged_at,
    cast(lines.charged_at as date) as charged_on,
    lines.item_code,
    lines.item_name,
    lines.charge_class,
    lines.quantity,
    lines.unit_price,
    lines.amount,
    lines.in_insurance_catalog,
    cases.member_level,
    cases.sex,
    cases.age_years,
    cases.payer,
    cases.encounter_type,
    cases.is_inpatient,
    cases.started_on,
    cases.ended_on,
    cases.disposition
from {{ ref('int_core__charge') }} as lines
inner join {{ ref('int_risk__case') }} as cases
    on lines.member_id = cases.member_id and lines.encounter_id = cases.encounter_id
left join {{ ref('int_risk__refunded_line') }} as refunded
    on lines.member_id = refunded.member_id
    and lines.encounter_id = refunded.encounter_id
    and lines.charge_id = refunded.charge_id
where refunded.charge_id is null
