-- One row per charge line that goes beyond an item's daily maximum for one person in one member (R31, R34; TC-76).
-- Days are found on a 64-bit fingerprint first and checked on their keys afterwards. The latest lines of a day are the excess.
with limits as (
    select
        items.item_code,
        items.valid_from,
        items.valid_to,
        items.is_hourly,
        coalesce(items.day_limit, case when items.is_hourly then 24 end) as day_limit
    from {{ ref('int_risk__item') }} as items
    where items.day_limit is not null or items.is_hourly
),

limited as (
    select
        charges.*,
        limits.is_hourly,
        limits.day_limit,
        {{ row_hash(['charges.member_id', 'charges.patient_id', 'charges.item_code', 'charges.charged_on']) }} as day_hash
    from {{ ref('int_risk__charge') }} as charges
    inner join limits
        on charges.item_code = limits.item_code
        and charges.charged_on >= limits.valid_from
        and charges.charged_on <= coalesce(limits.valid_to, charges.charged_on)
),

crowded as (
    select day_hash
    from limited
    group by day_hash
    having sum(quantity) > min(day_limit)
),

running as (
    select
        limited.*,
        sum(limited.quantity) over (
            partition by limited.member_id, limited.patient_id, limited.item_code, limited.charged_on
        ) as day_quantity,
        coalesce(sum(case when limited.quantity > 0 then limited.quantity end) over (
            partition by limited.member_id, limited.patient_id, limited.item_code, limited.charged_on
            order by limited.charged_at desc, limited.charge_id desc
            rows between unbounded preceding and 1 preceding
        ), 0) as later_quantity
    from limited
    inner join crowded on limited.day_hash = crowded.day_hash
)

select
    member_id,
    encounter_id,
    charge_id,
    patient_id,
    item_code,
    item_name,
    charged_on,
    is_hourly,
    day_limit,
    day_quantity,
    day_quantity - day_limit as day_excess,
    cast(least(quantity, day_quantity - day_limit - later_quantity) as decimal(18, 4)) as excess_quantity,
    unit_price
from running
where quantity > 0
    and day_quantity > day_limit
    and later_quantity < day_quantity - day_limit
