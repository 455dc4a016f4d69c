-- One row per member, drug or consumable and span of days: the price it was last bought at (the dearest of a day).
with bought as (
    select
        member_id,
        item_code,
        coalesce(received_on, ordered_on) as bought_on,
        max(unit_price) as unit_price
    from {{ ref('stg_purchases') }}
    where item_class in ('drug', 'consumable', 'high_value_consumable') and quantity > 0
    group by member_id, item_code, coalesce(received_on, ordered_on)
)

select
    member_id,
    item_code,
    bought_on,
    lead(bought_on) over (partition by member_id, item_code order by bought_on) as next_bought_on,
    unit_price
from bought
