-- One row per period, entity and measure: departments (entity_id = member:department), members and the consortium, each the sum of what stands below.
{%- set families = ['fee', 'case', 'referral', 'recognition', 'care', 'collaboration', 'resource', 'compliance', 'reported'] %}
with measured as (
    {%- for family in families %}
    select period, member_id, dept_code, measure, amount from {{ ref('int_performance__' ~ family ~ '_measure') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    period,
    'department' as entity_level,
    member_id || ':' || dept_code as entity_id,
    member_id,
    dept_code,
    measure,
    cast(sum(amount) as decimal(18, 4)) as amount
from measured
where dept_code is not null
group by period, member_id, dept_code, measure

union all

select
    period,
    'member' as entity_level,
    member_id as entity_id,
    member_id,
    cast(null as varchar) as dept_code,
    measure,
    cast(sum(amount) as decimal(18, 4)) as amount
from measured
group by period, member_id, measure

union all

select
    period,
    'consortium' as entity_level,
    'consortium' as entity_id,
    cast(null as varchar) as member_id,
    cast(null as varchar) as dept_code,
    measure,
    cast(sum(amount) as decimal(18, 4)) as amount
from measured
group by period, measure
