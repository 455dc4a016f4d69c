-- One row per day from the first night with a finding to a quarter after the last, with its number among the working days.
-- A day is a working day as the holidays file says; a day it doesn't name counts by the week.
with bounds as (
    select min(delivered_on) as first_day, {{ days_between('min(delivered_on)', 'max(delivered_on)') }} + 92 as days
    from {{ ref('int_risk__case') }}
),

digits as (
    select * from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as digit (n)
),

days as (
    select {{ day_add('bounds.first_day', 'thousands.n * 1000 + hundreds.n * 100 + tens.n * 10 + ones.n') }} as day
    from bounds
    cross join digits as thousands
    cross join digits as hundreds
    cross join digits as tens
    cross join digits as ones
    where thousands.n * 1000 + hundreds.n * 100 + tens.n * 10 + ones.n <= bounds.days
),

judged as (
    select
        days.day,
        coalesce(holidays.is_working_day, {{ days_between("cast('1970-01-05' as date)", 'days.day') }} % 7 < 5) as is_working_day
    from days
    left join {{ ref('holidays') }} as holidays on days.day = holidays.date
)

select
    day,
    is_working_day,
    sum(case when is_working_day then 1 else 0 end) over (order by day) as working_day_number
from judged
