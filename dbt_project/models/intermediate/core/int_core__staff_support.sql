-- One row per period and stay of a person at another member. The sending member's row wins over the host's.
-- A posting over several months is delivered month by month with that month's days, so the period is part of the event.
with ranked as (
    select
        *,
        row_number() over (
            partition by from_member_id, support_id, period
            order by case when member_id = from_member_id then 0 else 1 end, member_id
        ) as rank_in_event
    from {{ ref('stg_staff_support') }}
)

select
    support_id,
    period,
    person_id,
    from_member_id,
    to_member_id,
    support_kind,
    started_on,
    days,
    sessions,
    trainees,
    new_techniques,
    labour_cost,
    travel_cost,
    member_id as delivered_by,
    delivery_date,
    source_file,
    source_row
from ranked
where rank_in_event = 1
