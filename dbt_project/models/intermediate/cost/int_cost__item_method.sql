-- One row per period, member, executing department, service item and way of costing it (domain 1.9), in fen. Every way uses up
-- the department's service pool to the fen: each item takes what the running total grows by.
--   equivalent      当量系数法: quantity x cost equivalent, where the equivalents cover the department
--   activity        作业成本法: labour, other and indirect cost by minutes of staff, depreciation and uncharged material by minutes of
--                   equipment, where every item of the department has activities
--   revenue_share   收入分配系数法 · time_share 操作时间分配系数法 · workload_share 工作量分配系数法
with pools as (
    select
        *,
        total_fen - depreciation_fen - consumable_fen as staff_fen,
        depreciation_fen + consumable_fen as equipment_fen
    from {{ ref('int_cost__pool') }}
    where weight_kind in ('equivalent', 'charge') and pool_code not in ('DRUG', 'MATERIAL')
),

departments as (
    select
        period,
        member_id,
        executing_dept,
        bool_and(is_timed) and sum(staff_minutes) > 0 as is_timed,
        sum(equipment_minutes) > 0 as has_equipment,
        sum(pieces) > 0 as has_pieces
    from {{ ref('int_cost__item_volume') }}
    group by period, member_id, executing_dept
),

items as (
    select
        volumes.*,
        pools.weight_kind,
        pools.total_fen,
        pools.revenue_fen as pool_revenue_fen,
        pools.staff_fen,
        pools.equipment_fen,
        departments.is_timed as is_department_timed,
        departments.has_equipment,
        departments.has_pieces
    from {{ ref('int_cost__item_volume') }} as volumes
    inner join pools
        on volumes.period = pools.period
        and volumes.member_id = pools.member_id
        and volumes.executing_dept = pools.pool_code
    inner join departments
        on volumes.period = departments.period
        and volumes.member_id = departments.member_id
        and volumes.executing_dept = departments.executing_dept
),

{% set keys = 'period, member_id, executing_dept, item_code, weight_kind' %}
parts as (
    select {{ keys }}, 'equivalent' as method, 'all' as resource, total_fen as part_fen, points as weight
    from items
    where weight_kind = 'equivalent'
    union all
    select {{ keys }}, 'revenue_share', 'all', total_fen, revenue_fen
    from items
    where pool_revenue_fen <> 0
    union all
    select {{ keys }}, 'time_share', 'all', total_fen, staff_minutes
    from items
    where is_department_timed
    union all
    select {{ keys }}, 'workload_share', 'all', total_fen, pieces
    from items
    where has_pieces
    union all
    select {{ keys }}, 'activity', 'staff', case when has_equipment then staff_fen else total_fen end, staff_minutes
    from items
    where is_department_timed
    union all
    select {{ keys }}, 'activity', 'equipment', equipment_fen, equipment_minutes
    from items
    where is_department_timed and has_equipment
),

running as (
    select
        *,
        cast(sum(weight) over (
            partition by period, member_id, executing_dept, method, resource order by item_code
            rows between unbounded preceding and current row
        ) as bigint) as weight_so_far,
        cast(sum(weight) over (partition by period, member_id, executing_dept, method, resource) as bigint) as weight_total
    from parts
)

select
    period,
    member_id,
    executing_dept,
    item_code,
    method,
    method = case weight_kind when 'equivalent' then 'equivalent' else 'revenue_share' end as is_published,
    cast(sum(
        {{ share_of('part_fen', 'weight_so_far', 'weight_total') }}
        - {{ share_of('part_fen', 'weight_so_far - weight', 'weight_total') }}
    ) as bigint) as cost_fen,
    max(weight) as weight,
    max(weight_total) as weight_total,
    max(part_fen) as pool_fen
from running
group by period, member_id, executing_dept, item_code, method, weight_kind
