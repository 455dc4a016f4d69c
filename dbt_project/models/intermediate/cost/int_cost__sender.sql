-- One row per period, member and department that passes its cost on: its step and the driver in force on the period's last day.
-- The most specific row of allocation_drivers wins: member and department, then member, then department, then class.
-- Where the policy allow_adm_public_first is on for the member (domain 1.6 rule 1), an admin department for which a row of step 0
-- is written closes with the common costs, before the rest of administration, and so serves that too.
with switches as (
    select * from {{ policy_in_force(['allow_adm_public_first']) }}
),

rules as (
    select
        departments.period,
        departments.member_id,
        departments.dept_code,
        drivers.step,
        drivers.driver,
        drivers.fallback_driver,
        row_number() over (
            partition by departments.period, departments.member_id, departments.dept_code
            order by
                case when drivers.member_id <> '*' then 2 else 0 end + case when drivers.from_dept <> '*' then 1 else 0 end desc,
                drivers.step,
                drivers.valid_from desc,
                drivers.driver
        ) as place
    from {{ ref('int_cost__department') }} as departments
    inner join switches
        on departments.period = switches.period
        and departments.member_id = switches.member_id
    inner join {{ ref('allocation_drivers') }} as drivers
        on departments.dept_class = drivers.from_dept_class
        and (departments.step = drivers.step or (drivers.step = 0 and switches.allow_adm_public_first = 1))
        and drivers.member_id in (departments.member_id, '*')
        and drivers.from_dept in (departments.dept_code, '*')
        and cast(drivers.valid_from as date) <= {{ month_end('departments.period') }}
        and coalesce(cast(drivers.valid_to as date), {{ month_end('departments.period') }}) >= {{ month_end('departments.period') }}
)

select
    departments.period,
    departments.member_id,
    departments.dept_code,
    coalesce(rules.step, departments.step) as step,
    rules.driver,
    rules.fallback_driver
from {{ ref('int_cost__department') }} as departments
left join rules
    on departments.period = rules.period
    and departments.member_id = rules.member_id
    and departments.dept_code = rules.dept_code
    and rules.place = 1
where departments.step is not null
