-- One row per year, member and person trained in insurance rules: hours so far against the yearly minimum (S2-WF-03, TC-72b).
-- Short is who has fewer when the year is over; before that the year is still open.
with attended as (
    select distinct member_id, person_id, held_on, topic, dept_code, hours, is_passed
    from {{ ref('stg_insurer_training') }}
),

yearly as (
    select
        cast(extract(year from held_on) as integer) as calendar_year,
        member_id,
        person_id,
        max(dept_code) as dept_code,
        max({{ month_of('held_on') }}) as last_period,
        cast(sum(hours) as decimal(18, 4)) as hours,
        count(*) as sessions,
        sum(case when is_passed then 1 else 0 end) as sessions_passed
    from attended
    group by extract(year from held_on), member_id, person_id
),

minimum as (
    select * from {{ policy_in_force(['cme_hours_min']) }}
)

select
    yearly.calendar_year,
    yearly.member_id,
    members.name as member_name,
    yearly.person_id,
    yearly.dept_code,
    departments.dept_name,
    yearly.sessions,
    yearly.sessions_passed,
    yearly.hours,
    minimum.cme_hours_min as required_hours,
    case
        when yearly.hours >= minimum.cme_hours_min then 'met'
        when extract(year from {{ run_clock() }}) > yearly.calendar_year then 'short'
        else 'open'
    end as status
from yearly
inner join minimum on yearly.last_period = minimum.period and yearly.member_id = minimum.member_id
left join {{ ref('core__member') }} as members on yearly.member_id = members.member_id
left join {{ ref('core__department') }} as departments
    on yearly.last_period = departments.period
    and yearly.member_id = departments.member_id
    and yearly.dept_code = departments.dept_code
