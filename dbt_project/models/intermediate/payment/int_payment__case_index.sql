-- One row per grouped case and span (month, year to date): its bill and stay beside the mean of its group in the region
-- (all members of the consortium over the same span); domain 3.8.
{{ config(tags=['performance']) }}
with cases as (
    select period, substr(period, 1, 4) as year, member_id, encounter_id, drg_code, weight, charge, los_days
    from {{ ref('int_payment__case') }}
    where weight is not null
),

periods as (
    select distinct period, year from cases
),

spans as (
    select 'month' as span, cases.period, cases.member_id, cases.encounter_id, cases.drg_code, cases.charge, cases.los_days
    from cases
    union all
    select 'ytd' as span, periods.period, cases.member_id, cases.encounter_id, cases.drg_code, cases.charge, cases.los_days
    from cases
    inner join periods on cases.year = periods.year and cases.period <= periods.period
),

groups as (
    select
        span,
        period,
        member_id,
        drg_code,
        count(*) as cases,
        sum(charge) as charge,
        sum(los_days) as los_days
    from spans
    group by span, period, member_id, drg_code
),

region as (
    select span, period, drg_code, sum(cases) as cases, sum(charge) as charge, sum(los_days) as los_days
    from groups
    group by span, period, drg_code
)

select
    groups.span,
    groups.period,
    groups.member_id,
    groups.drg_code,
    groups.cases,
    groups.charge,
    groups.los_days,
    -- cases x (own mean / region's mean) = own sum x region's cases / region's sum
    {{ ratio('groups.charge * region.cases', 'region.charge') }} as cost_ratio_cases,
    {{ ratio('groups.los_days * region.cases', 'region.los_days') }} as time_ratio_cases
from groups
inner join region
    on groups.span = region.span and groups.period = region.period and groups.drg_code = region.drg_code
