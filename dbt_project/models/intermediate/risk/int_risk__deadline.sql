-- One row per finding day and number of working days: the day by which an answer is due.
with found as (
    select distinct
        {{ day_add('cases.delivered_on', 1) }} as found_on,
        hits.respond_within
    from {{ ref('int_risk__hit') }} as hits
    inner join {{ ref('int_risk__case') }} as cases
        on hits.member_id = cases.member_id and hits.encounter_id = cases.encounter_id
    where hits.respond_unit = 'working_day'
)

select
    found.found_on,
    found.respond_within,
    min(later.day) as due_on
from found
inner join {{ ref('int_reference__calendar') }} as own on found.found_on = own.day
inner join {{ ref('int_reference__calendar') }} as later
    on later.working_day_number = own.working_day_number + found.respond_within
group by found.found_on, found.respond_within
