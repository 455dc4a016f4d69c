-- One row per month, member, department that charged something, and class of charge: its share of the department's bill.
with classes as (
    select 'drug' as class, '药品' as class_name
    union all select 'material', '耗材'
    union all select 'exam', '检查化验'
    union all select 'treatment', '治疗手术'
    union all select 'care', '床位护理诊察及其他'
),

charged as (
    select
        period,
        member_id,
        ordering_dept as dept_code,
        case
            when charge_class = 'drug' then 'drug'
            when charge_class in ('consumable', 'high_value_consumable') then 'material'
            when charge_class in ('exam', 'lab') then 'exam'
            when charge_class in ('treatment', 'surgery', 'anaesthesia') then 'treatment'
            else 'care'
        end as class,
        sum(amount) as amount
    from {{ ref('int_performance__fee') }}
    where ordering_dept is not null
    group by all
),

totals as (
    select period, member_id, dept_code, sum(amount) as amount
    from charged
    group by period, member_id, dept_code
    having sum(amount) > 0
),

volumes as (
    select
        period,
        member_id,
        dept_code,
        sum(amount) as cases
    from {{ ref('int_performance__measure') }}
    where measure in ('discharges', 'outpatient_visits') and entity_level = 'department'
    group by period, member_id, dept_code
)

select
    totals.period,
    totals.member_id,
    totals.dept_code,
    departments.dept_name,
    coalesce(volumes.cases, 0) as cases,
    classes.class,
    classes.class_name,
    totals.amount as total,
    coalesce(charged.amount, 0) as amount,
    {{ ratio('coalesce(charged.amount, 0)', 'totals.amount') }} as share
from totals
cross join classes
left join {{ ref('stg_departments') }} as departments
    on totals.period = departments.period
    and totals.member_id = departments.member_id
    and totals.dept_code = departments.dept_code
left join volumes
    on totals.period = volumes.period and totals.member_id = volumes.member_id and totals.dept_code = volumes.dept_code
left join charged
    on totals.period = charged.period
    and totals.member_id = charged.member_id
    and totals.dept_code = charged.dept_code
    and classes.class = charged.class
