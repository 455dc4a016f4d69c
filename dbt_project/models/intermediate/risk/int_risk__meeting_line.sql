-- One row per charge line of an item that met another of its set on the same person, in the bucket of the set. Everyday items (beds,
-- care) stand in pairs too, so what doesn't meet is left out here, on a 64-bit fingerprint; the rules check the keys themselves.
-- The lines are read twice rather than kept: at fifty million they do not fit the memory, and two fingerprints of a line do.
with placed as {{ read_again() }} (
    select
        charges.member_id,
        charges.charge_id,
        {{ row_hash(['roles.part']) }} as part,
        {{ row_hash([
            'roles.set_id',
            'charges.person_hash',
            "case when roles.bucket in ('day', 'visit_day') then charges.charged_on end",
            "case when roles.bucket in ('visit', 'visit_day') then charges.encounter_id end",
        ]) }} as place_hash
    from {{ ref('int_risk__charge') }} as charges
    inner join {{ ref('int_risk__item_role') }} as roles on charges.item_code = roles.item_code
    where charges.quantity > 0
),

met as (
    select place_hash
    from placed
    group by place_hash
    having min(part) <> max(part)
)

select distinct placed.member_id, placed.charge_id
from placed
inner join met on placed.place_hash = met.place_hash
