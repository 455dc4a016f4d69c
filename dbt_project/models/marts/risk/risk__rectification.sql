-- One row per month and member that had confirmed findings in it or rectifications due in it by the day of the night.
-- S2-RISK-29: completed among those due in the month, as each was told last. `unplanned` are confirmed findings past their working
-- days for which no rectification was ever delivered.
with followed as (
    select * from {{ ref('int_risk__follow_up') }}
),

found as (
    select
        period,
        member_id,
        count(*) as findings
    from followed
    where status in ('confirmed', 'rectified')
    group by period, member_id
),

plans as (
    select
        {{ month_of('rectify_by') }} as period,
        member_id,
        finding_id,
        rectify_by,
        rectified_on
    from {{ ref('int_risk__reply') }}
    where rectify_by <= cast({{ run_clock() }} as date) or rectify_by is not null and rectified_on is not null
),

due as (
    select
        period,
        member_id,
        count(*) as due,
        sum(case when rectified_on is not null then 1 else 0 end) as completed,
        sum(case when rectified_on <= rectify_by then 1 else 0 end) as completed_in_time,
        sum(case when rectified_on is null and rectify_by < cast({{ run_clock() }} as date) then 1 else 0 end) as overdue
    from plans
    group by period, member_id
),

unplanned as (
    select followed.period, followed.member_id, count(*) as unplanned
    from followed
    left join plans on followed.member_id = plans.member_id and followed.finding_id = plans.finding_id
    where followed.overdue = 'rectification' and plans.finding_id is null
    group by followed.period, followed.member_id
),

spine as (
    select period, member_id from found
    union
    select period, member_id from due
)

select
    spine.period,
    spine.member_id,
    members.name as member_name,
    coalesce(found.findings, 0) as findings,
    coalesce(due.due, 0) as due,
    coalesce(due.completed, 0) as completed,
    coalesce(due.completed_in_time, 0) as completed_in_time,
    coalesce(due.overdue, 0) as overdue,
    coalesce(unplanned.unplanned, 0) as unplanned,
    {{ ratio('due.completed', 'due.due') }} as completion_rate
from spine
left join found on spine.period = found.period and spine.member_id = found.member_id
left join due on spine.period = due.period and spine.member_id = due.member_id
left join unplanned on spine.period = unplanned.period and spine.member_id = unplanned.member_id
left join {{ ref('core__member') }} as members on spine.member_id = members.member_id
