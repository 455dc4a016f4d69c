-- One row per line of an exam, a test or an operation that the same person was charged for at another member as well, ever.
-- Persons first, then a 64-bit fingerprint of person and item: few lines are left for the rules that compare them (S2-RISK-45, S5-RISK-01).
with wanderers as (
    select patient_id from {{ ref('int_risk__case') }}
    group by patient_id
    having min(member_id) <> max(member_id)
),

recognisable as (
    select distinct item_code from {{ ref('items') }}
    where is_recognisable
),

lines as (
    select
        charges.member_id,
        charges.encounter_id,
        charges.charge_id,
        charges.patient_id,
        charges.charged_at,
        charges.charged_on,
        charges.item_code,
        charges.item_name,
        charges.charge_class,
        charges.amount,
        charges.member_level,
        recognisable.item_code is not null as is_recognisable,
        {{ row_hash(['charges.patient_id', 'charges.item_code']) }} as place_hash
    from {{ ref('int_risk__charge') }} as charges
    inner join wanderers on charges.patient_id = wanderers.patient_id
    left join recognisable on charges.item_code = recognisable.item_code
    where charges.quantity > 0
        and (charges.charge_class in ('exam', 'lab', 'surgery') or recognisable.item_code is not null)
),

met as (
    select place_hash from lines
    group by place_hash
    having min(member_id) <> max(member_id)
)

select
    lines.member_id,
    lines.encounter_id,
    lines.charge_id,
    lines.patient_id,
    lines.charged_at,
    lines.charged_on,
    lines.item_code,
    lines.item_name,
    lines.charge_class,
    lines.amount,
    lines.member_level,
    lines.is_recognisable
from lines
inner join met on lines.place_hash = met.place_hash
