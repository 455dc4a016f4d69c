-- One row per finding, of a rule or of an inspection: what was answered, until when it has to be put right, whether it was.
-- Working days are those of the calendar (`holidays`). Without a delivered plan a confirmed finding must be put right within the
-- working days of risk_rule_parameters S2-RISK-29. Of an inspection's amount stays what an appeal left standing.
with bounds as (
    select min(period) as first_period, max(period) as last_period from {{ ref('int_reference__period') }}
),

limits as (
    select * from {{ rule_parameters('S2-RISK-29', ['rectify_within']) }}
),

of_rules as (
    select
        period,
        finding_id,
        'rule' as source,
        rule_code,
        member_id,
        dept_code,
        doctor_id,
        encounter_id,
        severity,
        amount_at_risk as amount,
        found_on,
        respond_by,
        respond_unit,
        status
    from {{ ref('risk__finding') }}
),

newest_inspection as (
    select *
    from {{ ref('stg_inspections') }}
    qualify row_number() over (partition by member_id, finding_id order by delivery_date desc, period desc) = 1
),

-- What an inspection found is confirmed until an appeal says otherwise.
of_inspections as (
    select
        {{ month_of('inspections.found_on') }} as period,
        inspections.finding_id,
        inspections.source,
        inspections.rule_code,
        inspections.member_id,
        inspections.dept_code,
        cases.doctor_id,
        inspections.encounter_id,
        inspections.severity,
        {{ money("case when replies.appeal_status = 'upheld' then coalesce(replies.decided_value, 0) else inspections.amount end") }} as amount,
        inspections.found_on,
        cast(null as timestamp) as respond_by,
        cast(null as varchar) as respond_unit,
        case
            when replies.appeal_status = 'upheld' and coalesce(replies.decided_value, 0) <= 0 then 'denied'
            when replies.rectified_on is not null then 'rectified'
            when replies.appeal_status = 'open' then 'explained'
            else 'confirmed'
        end as status
    from newest_inspection as inspections
    left join {{ ref('int_risk__reply') }} as replies
        on inspections.member_id = replies.member_id and inspections.finding_id = replies.finding_id
    left join {{ ref('int_risk__case') }} as cases
        on inspections.member_id = cases.member_id and inspections.encounter_id = cases.encounter_id
),

found as (
    select * from of_rules
    union all
    select * from of_inspections
),

confirmed as (
    select
        found.*,
        -- the month whose policy holds: that of the finding, or the nearest one that is known
        least(greatest(found.period, bounds.first_period), bounds.last_period) as policy_period,
        replies.explained_on,
        replies.decided_on,
        replies.rectify_by as planned_by,
        replies.rectified_on,
        case
            when found.status not in ('confirmed', 'rectified') then cast(null as date)
            when found.source <> 'rule' then found.found_on
            when replies.appeal_status = 'rejected' then coalesce(replies.decided_on, replies.explained_on)
            when found.respond_unit = 'hour' and found.status = 'confirmed' then cast(found.respond_by as date)
        end as confirmed_on
    from found
    cross join bounds
    left join {{ ref('int_risk__reply') }} as replies
        on found.member_id = replies.member_id and found.finding_id = replies.finding_id
),

limited as (
    select
        confirmed.*,
        cast({{ required(
            'limits.rectify_within', "'risk_rule_parameters S2-RISK-29 rectify_within of ' || confirmed.policy_period"
        ) }} as integer) as rectify_within
    from confirmed
    left join limits on confirmed.policy_period = limits.period
),

due as (
    select limited.*, coalesce(limited.planned_by, later.day) as rectify_by
    from limited
    left join {{ ref('int_reference__calendar') }} as own on limited.confirmed_on = own.day
    left join {{ ref('int_reference__calendar') }} as later
        on later.working_day_number = own.working_day_number + limited.rectify_within
        and later.is_working_day
)

select
    due.period,
    due.policy_period,
    due.finding_id,
    due.source,
    due.rule_code,
    due.member_id,
    due.dept_code,
    due.doctor_id,
    due.encounter_id,
    due.severity,
    due.amount,
    due.found_on,
    due.respond_by,
    due.explained_on,
    case when due.explained_on is not null and due.respond_by is not null then due.explained_on <= cast(due.respond_by as date) end
        as is_explained_in_time,
    due.decided_on,
    due.confirmed_on,
    due.rectify_by,
    due.rectified_on,
    case when due.rectified_on is not null and due.rectify_by is not null then due.rectified_on <= due.rectify_by end
        as is_rectified_in_time,
    due.status,
    -- S2-RISK-36: settlement of the case is frozen until it is explained, then reviewed
    case
        when due.respond_unit = 'hour' and due.status = 'open' then 'frozen'
        when due.respond_unit = 'hour' and due.status = 'explained' then 'under_review'
    end as freeze_status,
    case
        when due.status = 'open' and due.respond_by <= {{ run_clock() }} then 'explanation'
        when due.status = 'confirmed' and due.rectify_by < cast({{ run_clock() }} as date) then 'rectification'
    end as overdue
from due
