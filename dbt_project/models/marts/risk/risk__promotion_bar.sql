-- One row per member and doctor with a major or systemic violation found in their cases: until when no promotion is open to them.
-- S2-PERF-02 (TC-72): barred for the policy's years counted from the day of the finding, that day of the year included. A finding that an
-- appeal took back bars nobody; one that names no encounter names no doctor.
with violations as (
    select followed.*
    from {{ ref('int_risk__follow_up') }} as followed
    where followed.source <> 'rule'
        and followed.severity in ('major', 'systemic')
        and followed.status <> 'denied'
        and followed.doctor_id is not null
),

bars as (
    select * from {{ policy_in_force(['promotion_bar_years']) }}
),

latest as (
    select
        violations.*,
        cast(
            {{ dbt.dateadd('month', 'cast(12 * bars.promotion_bar_years as integer)', 'violations.found_on') }} as date
        ) as barred_until,
        count(*) over (partition by violations.member_id, violations.doctor_id) as violations
    from violations
    inner join bars on violations.policy_period = bars.period and violations.member_id = bars.member_id
    qualify row_number() over (
        partition by violations.member_id, violations.doctor_id order by violations.found_on desc, violations.finding_id desc
    ) = 1
)

select
    latest.member_id,
    members.name as member_name,
    latest.doctor_id,
    latest.dept_code,
    latest.violations,
    latest.finding_id as last_finding_id,
    latest.rule_code,
    latest.found_on as last_found_on,
    latest.barred_until,
    cast({{ run_clock() }} as date) <= latest.barred_until as is_barred
from latest
left join {{ ref('core__member') }} as members on latest.member_id = members.member_id
