-- One row per member and charge that was delivered in more than one period.
-- Only a charge that stands in another period than its own month can be one: few, so the lines are read once.
with strays as (
    select distinct member_id, charge_id
    from {{ ref('stg_charge_lines') }}
    where {{ month_of('charged_at') }} <> period
)

select
    charges.member_id,
    charges.charge_id,
    max(charges.period) as last_period
from {{ ref('stg_charge_lines') }} as charges
inner join strays
    on charges.member_id = strays.member_id
    and charges.charge_id = strays.charge_id
group by charges.member_id, charges.charge_id
having count(*) > 1
