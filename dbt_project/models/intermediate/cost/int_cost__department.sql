-- One row per period, member and department that holds cost, COMMON among them: its class and the step at which it closes.
-- A department that the member's list doesn't know has cost but no class: nobody says whom it serves.
with listed as (
    select period, member_id, dept_code, dept_name, dept_class
    from {{ ref('stg_departments') }}
),

holding as (
    select distinct period, member_id, dept_code
    from {{ ref('int_cost__direct_cost') }}
)

select
    period,
    member_id,
    dept_code,
    case when dept_code = 'COMMON' then '公用成本' else listed.dept_name end as dept_name,
    case when dept_code = 'COMMON' then 'common' else coalesce(listed.dept_class, 'unknown') end as dept_class,
    case
        when dept_code = 'COMMON' then 0
        when listed.dept_class = 'admin' then 1
        when listed.dept_class = 'auxiliary' then 2
        when listed.dept_class = 'medtech' then 3
        when listed.dept_class is null then 0
    end as step
from listed
full join holding using (period, member_id, dept_code)
