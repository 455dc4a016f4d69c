-- One row per finding day and number of working days: the day by which an answer is due.
with found as (
    select distinct found_on, respond_within
    from {{ ref('int_risk__finding') }}
    where respond_unit = 'working_day'
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
