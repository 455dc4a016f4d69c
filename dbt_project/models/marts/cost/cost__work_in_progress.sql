-- One row per period, member and stay that was open at the month's end: what it has cost and been charged so far (在院病人成本).
-- It is nobody's cost of discharge yet; with the discharge it becomes the case's (domain 1.10).
with open_months as (
    select
        months.period,
        months.member_id,
        months.encounter_id,
        encounters.dept_code,
        encounters.started_at,
        encounters.case_period,
        months.charge_fen,
        months.total_fen
    from {{ ref('int_cost__case_month') }} as months
    inner join {{ ref('int_core__encounter') }} as encounters
        on months.member_id = encounters.member_id
        and months.encounter_id = encounters.encounter_id
    where encounters.encounter_type = 'inpatient' and coalesce(encounters.case_period, '9999-12') > months.period
),

so_far as (
    select
        *,
        cast(sum(charge_fen) over months_until_now as bigint) as charge_so_far_fen,
        cast(sum(total_fen) over months_until_now as bigint) as total_so_far_fen
    from open_months
    window months_until_now as (
        partition by member_id, encounter_id order by period rows between unbounded preceding and current row
    )
)

select
    so_far.period,
    so_far.member_id,
    members.name as member_name,
    so_far.encounter_id,
    so_far.dept_code,
    departments.dept_name,
    cast(so_far.started_at as date) as admitted_on,
    {{ days_between('so_far.started_at', day_add(month_end('so_far.period'), 1)) }} as days_so_far,
    so_far.case_period as closed_in,
    {{ from_fen('so_far.total_fen') }} as cost_of_month,
    {{ from_fen('so_far.total_so_far_fen') }} as cost_so_far,
    {{ from_fen('so_far.charge_so_far_fen') }} as charged_so_far
from so_far
left join {{ ref('core__member') }} as members on so_far.member_id = members.member_id
left join {{ ref('core__department') }} as departments
    on so_far.period = departments.period
    and so_far.member_id = departments.member_id
    and so_far.dept_code = departments.dept_code
