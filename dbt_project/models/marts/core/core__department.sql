-- One row per period, member and department, as the member keeps it. A total-only member has none.
select
    departments.period,
    departments.member_id,
    members.name as member_name,
    departments.dept_code,
    departments.dept_name,
    departments.dept_class,
    departments.is_key_discipline,
    departments.headcount,
    departments.floor_area_m2,
    departments.beds_open
from {{ ref('stg_departments') }} as departments
left join {{ ref('core__member') }} as members
    on departments.member_id = members.member_id
