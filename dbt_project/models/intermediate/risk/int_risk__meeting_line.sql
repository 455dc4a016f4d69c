-- One row per charge line of an item that met another of its set on the same person, in the bucket of the set. Everyday items (beds,
-- care) stand in pairs too, so what doesn't meet is left out here, on a 64-bit fingerprint; the rules check the keys themselves.
-- Lines are read twice rather than kept, persons carried as a fingerprint, and what a refund took back is left to whoever reads the lines:
-- at fifty million lines anything more does not fit the memory.
with placed as {{ read_again() }} (
    select
        charges.member_id,
        charges.charge_id,
        {{ row_hash(['roles.part']) }} as part,
        {{ row_hash([
            'roles.set_id',
            'cases.person_hash',
            "case when roles.bucket in ('day', 'visit_day') then cast(charges.charged_at as date) end",
            "case when roles.bucket in ('visit', 'visit_day') then charges.encounter_id end",
        ]) }} as place_hash
    from {{ ref('int_core__charge') }} as charges
    inner join {{ ref('int_risk__item_role') }} as roles on charges.item_code = roles.item_code
    inner join {{ ref('int_risk__case') }} as cases
        on charges.member_id = cases.member_id and charges.encounter_id = cases.encounter_id
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
