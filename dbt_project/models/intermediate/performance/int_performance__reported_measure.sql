-- One row per period, member, department and reported indicator: its numerator and denominator under the indicator's own name,
-- for KPIs that no other extract yields (measure = reported_numerator:<kpi>). A member that reports its whole (dept_code '*') and
-- its departments is not the sum of both: its own row then holds what the departments leave over.
with parts as (
    select period, member_id, dept_code, 'reported_numerator:' || indicator_code as measure, cast(numerator as decimal(18, 4)) as amount
    from {{ ref('stg_reported_indicators') }}
    where numerator is not null
    union all
    select period, member_id, dept_code, 'reported_denominator:' || indicator_code as measure, cast(denominator as decimal(18, 4)) as amount
    from {{ ref('stg_reported_indicators') }}
    where denominator is not null
),

wholes as (
    select period, member_id, measure, amount from parts
    where dept_code = '*'
),

departments as (
    select period, member_id, dept_code, measure, amount from parts
    where dept_code <> '*'
),

covered as (
    select period, member_id, measure, sum(amount) as amount
    from departments
    group by period, member_id, measure
)

select period, member_id, dept_code, measure, amount from departments
union all
select
    wholes.period,
    wholes.member_id,
    cast(null as varchar) as dept_code,
    wholes.measure,
    cast(wholes.amount - coalesce(covered.amount, 0) as decimal(18, 4)) as amount
from wholes
left join covered
    on wholes.period = covered.period and wholes.member_id = covered.member_id and wholes.measure = covered.measure
