-- One row per member and charge. A charge belongs to the month of charged_at, whichever delivery brought it;
-- of a charge delivered in several periods the latest row stands.
{{ config(materialized='view') }}

select
    charges.member_id,
    charges.charge_id,
    coalesce(moved.period, charges.period) as period,
    charges.encounter_id,
    charges.charged_at,
    charges.item_code,
    charges.item_name,
    charges.charge_class,
    charges.quantity,
    charges.unit_price,
    charges.amount,
    charges.ordering_dept,
    charges.executing_dept,
    charges.doctor_id,
    charges.in_insurance_catalog,
    charges.period as delivered_period,
    charges.delivery_date,
    charges.source_file,
    charges.source_row
from {{ ref('stg_charge_lines') }} as charges
left join {{ ref('int_core__moved_charge') }} as moved
    on charges.member_id = moved.member_id
    and charges.charge_id = moved.charge_id
    and charges.period = moved.delivered_period
where coalesce(moved.is_latest, true)
