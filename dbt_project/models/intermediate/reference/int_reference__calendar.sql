-- One row per day of the known months and the year after them: a working day or not (working-day limits count these).
with bounds as (
    select min(first_day) as first_day, {{ day_add('max(last_day)', 366) }} as last_day
    from {{ ref('int_reference__period') }}
),

digits as (
    select * from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as digit (n)
),

days as (
    select
        {{ day_add('bounds.first_day', 'thousands.n * 1000 + hundreds.n * 100 + tens.n * 10 + ones.n') }} as day,
        bounds.last_day
    from bounds
    cross join digits as thousands
    cross join digits as hundreds
    cross join digits as tens
    cross join digits as ones
    where bounds.first_day is not null
),

known_years as (
    select distinct extract(year from date) as year from {{ ref('holidays') }}
),

judged as (
    select
        days.day,
        -- 1970-01-05 was a Monday.
        coalesce(
            holidays.is_working_day,
            {{ days_between("cast('1970-01-05' as date)", 'days.day') }} % 7 < 5
        ) as is_working_day,
        known_years.year is not null as is_year_known
    from days
    left join {{ ref('holidays') }} as holidays on days.day = holidays.date
    left join known_years on extract(year from days.day) = known_years.year
    where days.day <= days.last_day
)

select
    day,
    is_working_day,
    is_year_known,
    cast(sum(case when is_working_day then 1 else 0 end) over (order by day) as bigint) as working_day_number
from judged
