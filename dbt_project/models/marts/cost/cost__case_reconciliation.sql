-- One row per period and member with department cost: where the month's full cost went (domain 1.10, CP5 of NHS costing).
-- department_cost = closed_cases + work_in_progress + late_charges + unmatched + rounding, to the fen. Unmatched: pools that
-- nothing was charged for, and charges whose encounter was never delivered.
with pools as (
    select
        period,
        member_id,
        sum(total_fen) as pool_fen
    from {{ ref('int_cost__pool') }}
    group by period, member_id
),

idle as (
    select period, member_id, sum(total_fen) as idle_fen
    from {{ ref('int_cost__idle_pool') }}
    group by period, member_id
),

months as (
    select
        period,
        member_id,
        sum(total_fen) as shared_fen,
        sum(case when standing = 'closed' then total_fen else 0 end) as closed_fen,
        sum(case when standing = 'open' then total_fen else 0 end) as progress_fen,
        sum(case when standing = 'late' then total_fen else 0 end) as late_fen,
        sum(case when standing = 'stray' then total_fen else 0 end) as stray_fen
    from {{ ref('int_cost__month_total') }}
    group by period, member_id
),

departments as (
    select
        costs.period,
        costs.member_id,
        sum(costs.direct_fen) as direct_fen,
        sum(case when costs.dept_code like 'EXT:%' then costs.full_fen else 0 end) as external_fen,
        sum(case when costs.dept_code = 'UNALLOCATED' then costs.full_fen else 0 end) as unallocated_fen
    from {{ ref('int_cost__department_cost') }} as costs
    where costs.cost_layer = 'medical'
    group by costs.period, costs.member_id
),

reconciled as (
    select
        departments.period,
        departments.member_id,
        departments.direct_fen - departments.external_fen - departments.unallocated_fen as department_fen,
        departments.external_fen,
        departments.unallocated_fen,
        coalesce(months.closed_fen, 0) as closed_fen,
        coalesce(months.progress_fen, 0) as progress_fen,
        coalesce(months.late_fen, 0) as late_fen,
        coalesce(idle.idle_fen, 0) + coalesce(months.stray_fen, 0) as unmatched_fen,
        pools.pool_fen - coalesce(idle.idle_fen, 0) - coalesce(months.shared_fen, 0) as rounding_fen
    from departments
    left join pools
        on departments.period = pools.period
        and departments.member_id = pools.member_id
    left join idle
        on departments.period = idle.period
        and departments.member_id = idle.member_id
    left join months
        on departments.period = months.period
        and departments.member_id = months.member_id
)

select
    reconciled.period,
    reconciled.member_id,
    members.name as member_name,
    methods.method,
    {{ ratio('methods.covered_fen', 'methods.revenue_fen') }} as item_coverage,
    {{ from_fen('reconciled.department_fen') }} as department_cost,
    {{ from_fen('reconciled.closed_fen') }} as closed_cases,
    {{ from_fen('reconciled.progress_fen') }} as work_in_progress,
    {{ from_fen('reconciled.late_fen') }} as late_charges,
    {{ from_fen('reconciled.unmatched_fen') }} as unmatched,
    {{ from_fen('reconciled.rounding_fen') }} as rounding,
    {{ ratio('reconciled.unmatched_fen', 'reconciled.department_fen') }} as unmatched_share,
    {{ from_fen('reconciled.external_fen') }} as external_cost,
    {{ from_fen('reconciled.unallocated_fen') }} as unallocated_cost,
    {{ from_fen('reconciled.department_fen - reconciled.closed_fen - reconciled.progress_fen - reconciled.late_fen
        - reconciled.unmatched_fen - reconciled.rounding_fen') }} as difference
from reconciled
left join {{ ref('int_cost__method') }} as methods
    on reconciled.period = methods.period
    and reconciled.member_id = methods.member_id
left join {{ ref('core__member') }} as members on reconciled.member_id = members.member_id
