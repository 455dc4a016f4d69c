-- One row per period, member, executing department and service item: how often it was done there, and its weights by each way
-- of costing items (domain 1.9). Integers on purpose: fen, ten-thousandths of a piece, hundred-millionths of an equivalent or
-- of a minute. is_timed: the item has activities with minutes in force.
with volumes as (
    select
        period,
        member_id,
        executing_dept,
        item_code,
        sum(quantity) as quantity,
        sum(amount) as amount
    from {{ ref('int_cost__charge_volume') }}
    where charge_class not in ('drug', 'consumable', 'high_value_consumable')
    group by period, member_id, executing_dept, item_code
),

minutes as (
    select
        periods.period,
        activities.item_code,
        cast(sum(activities.staff_minutes) * 10000 as bigint) as staff_minutes,
        cast(sum(activities.equipment_minutes) * 10000 as bigint) as equipment_minutes
    from (select distinct period from volumes) as periods
    inner join {{ ref('item_activities') }} as activities
        on activities.valid_from <= {{ month_end('periods.period') }}
        and coalesce(activities.valid_to, {{ month_end('periods.period') }}) >= {{ month_end('periods.period') }}
    group by periods.period, activities.item_code
)

select
    volumes.period,
    volumes.member_id,
    volumes.executing_dept,
    volumes.item_code,
    volumes.quantity as volume,
    volumes.amount as revenue,
    items.equivalent,
    cast(volumes.quantity * 10000 as bigint) as pieces,
    {{ to_fen('volumes.amount') }} as revenue_fen,
    cast(coalesce({{ wide('volumes.quantity * 10000') }} * cast(items.equivalent * 10000 as bigint), 0) as bigint) as points,
    cast(coalesce({{ wide('volumes.quantity * 10000') }} * minutes.staff_minutes, 0) as bigint) as staff_minutes,
    cast(coalesce({{ wide('volumes.quantity * 10000') }} * minutes.equipment_minutes, 0) as bigint) as equipment_minutes,
    minutes.item_code is not null as is_timed
from volumes
left join {{ ref('int_cost__item_equivalent') }} as items
    on volumes.period = items.period
    and volumes.item_code = items.item_code
left join minutes
    on volumes.period = minutes.period
    and volumes.item_code = minutes.item_code
