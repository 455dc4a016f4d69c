-- One row per member and finding (of a rule or of an inspection) that was answered: the latest word of its appeal, its rectification.
-- What was delivered last counts; of several appeals the one decided or submitted last.
with appealed as (
    select member_id, subject_key as finding_id, submitted_on, status, decided_on, decided_value
    from {{ ref('stg_appeals') }}
    where subject = 'finding'
    qualify row_number() over (
        partition by member_id, subject_key
        order by coalesce(decided_on, submitted_on) desc, appeal_id desc, delivery_date desc, period desc
    ) = 1
),

rectified as (
    select member_id, finding_id, due_on, completed_on, measure
    from {{ ref('stg_rectifications') }}
    qualify row_number() over (partition by member_id, finding_id order by delivery_date desc, period desc) = 1
)

select
    coalesce(appealed.member_id, rectified.member_id) as member_id,
    coalesce(appealed.finding_id, rectified.finding_id) as finding_id,
    appealed.submitted_on as explained_on,
    appealed.status as appeal_status,
    appealed.decided_on,
    appealed.decided_value,
    rectified.due_on as rectify_by,
    rectified.completed_on as rectified_on,
    rectified.measure
from appealed
full outer join rectified
    on appealed.member_id = rectified.member_id and appealed.finding_id = rectified.finding_id
