-- One row per member, charge and delivered period of charges that stand in another period than their own month, and of
-- their other deliveries: the month each belongs to, and whether this delivery is the newest. Few, if any: the lines are
-- read once for their months, and again only where a month is out of place.
with months as (
    select
        member_id,
        period,
        year(charged_at) * 100 + month(charged_at) as month_number
    from {{ ref('stg_charge_lines') }}
    group by member_id, period, year(charged_at) * 100 + month(charged_at)
),

out_of_place as (
    select member_id, period, month_number
    from months
    where month_number <> cast(left(period, 4) as integer) * 100 + cast(right(period, 2) as integer)
),

strays as (
    select distinct charges.member_id, charges.charge_id
    from {{ ref('stg_charge_lines') }} as charges
    inner join out_of_place
        on charges.member_id = out_of_place.member_id
        and charges.period = out_of_place.period
        and year(charges.charged_at) * 100 + month(charges.charged_at) = out_of_place.month_number
)

select
    charges.member_id,
    charges.charge_id,
    charges.period as delivered_period,
    {{ month_of('charges.charged_at') }} as period,
    charges.period = max(charges.period) over (partition by charges.member_id, charges.charge_id) as is_latest
from {{ ref('stg_charge_lines') }} as charges
inner join strays
    on charges.member_id = strays.member_id
    and charges.charge_id = strays.charge_id
