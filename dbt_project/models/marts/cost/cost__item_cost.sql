-- One row per period, member, executing department and service item: what it costs there, by cost equivalents (成本当量法)
-- where they cover the department, by revenue else (domain 1.9). Drugs and consumables charged by themselves aren't items.
-- Volume x unit cost over a department's items = its service pool: total_cost adds up to it to the fen (each item takes what
-- the running total grows by), unit_cost is exact.
with volumes as (
    select
        volumes.period,
        volumes.member_id,
        volumes.executing_dept,
        volumes.item_code,
        sum(volumes.quantity) as volume,
        sum(volumes.amount) as revenue,
        {{ to_fen('sum(volumes.amount)') }} as revenue_fen,
        cast(coalesce(sum(
            cast(volumes.quantity * 10000 as hugeint) * cast(items.equivalent * 10000 as bigint)
        ), 0) as bigint) as points,
        max(items.equivalent) as equivalent
    from {{ ref('int_cost__charge_volume') }} as volumes
    left join {{ ref('int_cost__item_equivalent') }} as items
        on volumes.period = items.period
        and volumes.item_code = items.item_code
    where volumes.charge_class not in ('drug', 'consumable', 'high_value_consumable')
    group by volumes.period, volumes.member_id, volumes.executing_dept, volumes.item_code
),

costed as (
    select
        volumes.*,
        pools.weight_kind,
        pools.total_fen,
        pools.weight_total,
        case pools.weight_kind when 'equivalent' then volumes.points else volumes.revenue_fen end as weight,
        cast(sum(case pools.weight_kind when 'equivalent' then volumes.points else volumes.revenue_fen end) over (
            partition by volumes.period, volumes.member_id, volumes.executing_dept
            order by volumes.item_code
            rows between unbounded preceding and current row
        ) as bigint) as weight_so_far
    from volumes
    inner join {{ ref('int_cost__pool') }} as pools
        on volumes.period = pools.period
        and volumes.member_id = pools.member_id
        and volumes.executing_dept = pools.pool_code
        and pools.weight_kind in ('equivalent', 'charge')
),

shared as (
    select
        *,
        {{ share_of('total_fen', 'weight_so_far', 'weight_total') }}
        - {{ share_of('total_fen', 'weight_so_far - weight', 'weight_total') }} as cost_fen
    from costed
)

select
    shared.period,
    shared.member_id,
    members.name as member_name,
    shared.executing_dept,
    departments.dept_name as executing_dept_name,
    shared.item_code,
    items.item_name,
    case shared.weight_kind when 'equivalent' then 'equivalent' else 'revenue_share' end as method,
    shared.equivalent,
    cast(shared.volume as decimal(18, 4)) as volume,
    {{ money('shared.revenue') }} as revenue,
    {{ price_per('shared.revenue', 'shared.volume') }} as unit_price,
    {{ from_fen('shared.cost_fen') }} as total_cost,
    case when shared.volume <> 0 then cast(
        cast({{ share_of(
            'shared.total_fen * 100',
            'shared.weight * cast(10000 as hugeint)',
            'shared.weight_total * cast(shared.volume * 10000 as hugeint)'
        ) }} as decimal(18, 0)) * cast(0.0001 as decimal(5, 4)) as decimal(18, 4))
    end as unit_cost,
    {{ money('shared.revenue - ' ~ from_fen('shared.cost_fen')) }} as margin
from shared
left join {{ ref('core__member') }} as members on shared.member_id = members.member_id
left join {{ ref('core__item') }} as items on shared.item_code = items.item_code
left join {{ ref('core__department') }} as departments
    on shared.period = departments.period
    and shared.member_id = departments.member_id
    and shared.executing_dept = departments.dept_code
