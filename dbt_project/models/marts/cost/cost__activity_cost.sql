-- One row per period, member, department and activity: what the activity cost and what a minute of it costs (作业成本法, domain
-- 1.9): labour, other and indirect cost by minutes of staff, depreciation and uncharged material by minutes of equipment.
-- Departments of which every item has activities. A minute's rate is cost over minutes worked, so that idle time is in it.
with minutes as (
    select
        volumes.period,
        volumes.member_id,
        volumes.executing_dept as dept_code,
        activities.activity,
        max(activities.activity_name) as activity_name,
        cast(sum(volumes.volume * activities.staff_minutes) as decimal(18, 4)) as staff_minutes,
        cast(sum(volumes.volume * activities.equipment_minutes) as decimal(18, 4)) as equipment_minutes
    from {{ ref('int_cost__item_volume') }} as volumes
    inner join {{ ref('item_activities') }} as activities
        on volumes.item_code = activities.item_code
        and activities.valid_from <= {{ month_end('volumes.period') }}
        and coalesce(activities.valid_to, {{ month_end('volumes.period') }}) >= {{ month_end('volumes.period') }}
    group by volumes.period, volumes.member_id, volumes.executing_dept, activities.activity
),

timed as (
    select
        period,
        member_id,
        executing_dept as dept_code,
        sum(equipment_minutes) > 0 as has_equipment
    from {{ ref('int_cost__item_volume') }}
    group by period, member_id, executing_dept
    having bool_and(is_timed) and sum(staff_minutes) > 0
),

weighed as (
    select
        minutes.*,
        case when timed.has_equipment then pools.total_fen - pools.depreciation_fen - pools.consumable_fen else pools.total_fen end
            as staff_fen,
        case when timed.has_equipment then pools.depreciation_fen + pools.consumable_fen else 0 end as equipment_fen,
        cast(minutes.staff_minutes * 10000 as bigint) as staff_weight,
        cast(minutes.equipment_minutes * 10000 as bigint) as equipment_weight
    from minutes
    inner join timed
        on minutes.period = timed.period
        and minutes.member_id = timed.member_id
        and minutes.dept_code = timed.dept_code
    inner join {{ ref('int_cost__pool') }} as pools
        on minutes.period = pools.period
        and minutes.member_id = pools.member_id
        and minutes.dept_code = pools.pool_code
        and pools.weight_kind in ('equivalent', 'charge')
),

running as (
    select
        *,
        {% for part in ['staff', 'equipment'] -%}
        cast(sum({{ part }}_weight) over so_far as bigint) as {{ part }}_so_far,
        cast(sum({{ part }}_weight) over whole as bigint) as {{ part }}_total{{ ',' if not loop.last }}
        {% endfor %}
    from weighed
    window
        whole as (partition by period, member_id, dept_code),
        so_far as (partition by period, member_id, dept_code order by activity rows between unbounded preceding and current row)
),

shared as (
    select
        *,
        {% for part in ['staff', 'equipment'] -%}
        coalesce(
            {{ share_of(part ~ '_fen', part ~ '_so_far', part ~ '_total') }}
            - {{ share_of(part ~ '_fen', part ~ '_so_far - ' ~ part ~ '_weight', part ~ '_total') }}, 0
        ) as {{ part }}_cost_fen{{ ',' if not loop.last }}
        {% endfor %}
    from running
)

select
    shared.period,
    shared.member_id,
    members.name as member_name,
    shared.dept_code,
    departments.dept_name,
    shared.activity,
    shared.activity_name,
    shared.staff_minutes,
    shared.equipment_minutes,
    {{ from_fen('shared.staff_cost_fen') }} as staff_cost,
    {{ from_fen('shared.equipment_cost_fen') }} as equipment_cost,
    {{ from_fen('shared.staff_cost_fen + shared.equipment_cost_fen') }} as total_cost,
    {{ price_per(from_fen('shared.staff_cost_fen'), 'shared.staff_minutes') }} as cost_per_staff_minute,
    {{ price_per(from_fen('shared.equipment_cost_fen'), 'shared.equipment_minutes') }} as cost_per_equipment_minute
from shared
left join {{ ref('core__member') }} as members on shared.member_id = members.member_id
left join {{ ref('core__department') }} as departments
    on shared.period = departments.period
    and shared.member_id = departments.member_id
    and shared.dept_code = departments.dept_code
