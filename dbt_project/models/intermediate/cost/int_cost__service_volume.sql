-- One row per period, member and cost pool: revenue, equivalents, and how much of the revenue has equivalents.
select
    volumes.period,
    volumes.member_id,
    case
        when volumes.charge_class = 'drug' then 'DRUG'
        when volumes.charge_class in ('consumable', 'high_value_consumable') then 'MATERIAL'
        else volumes.executing_dept
    end as pool_code,
    {{ to_fen('sum(volumes.amount)') }} as revenue_fen,
    cast(coalesce(sum(
        {{ wide('volumes.quantity * 10000') }} * cast(items.equivalent * 10000 as bigint)
    ), 0) as bigint) as points,
    {{ to_fen('sum(case when items.item_code is not null then volumes.amount else 0 end)') }} as covered_fen
from {{ ref('int_cost__charge_volume') }} as volumes
left join {{ ref('int_cost__item_equivalent') }} as items
    on volumes.period = items.period
    and volumes.item_code = items.item_code
group by all
