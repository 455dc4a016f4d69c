-- One row per period, member, encounter and cost pool: what was charged and its weight in equivalents, before any join.
-- Pools: DRUG and MATERIAL for what is charged by itself (domain 1.2), the executing department for services.
-- Integers on purpose: fen, and hundred-millionths of an equivalent.
select
    charges.period,
    charges.member_id,
    charges.encounter_id,
    case
        when charges.charge_class = 'drug' then 'DRUG'
        when charges.charge_class in ('consumable', 'high_value_consumable') then 'MATERIAL'
        else charges.executing_dept
    end as pool_code,
    cast(sum(cast(charges.amount * 100 as bigint)) as bigint) as amount_fen,
    cast(coalesce(sum(
        cast(charges.quantity * 10000 as bigint) * cast(items.equivalent * 10000 as bigint)
    ), 0) as bigint) as points
from {{ ref('int_core__charge') }} as charges
left join {{ ref('int_cost__item_equivalent') }} as items
    on charges.period = items.period
    and charges.item_code = items.item_code
group by all
