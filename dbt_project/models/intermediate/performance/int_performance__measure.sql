-- One row per period, entity and measure: departments (entity_id = member:department), members and the consortium, each the sum of what stands below,
-- except figures of the ledger, which members alone have.
{%- set families = ['fee', 'case', 'referral', 'recognition', 'care', 'collaboration', 'resource', 'compliance', 'reported'] %}
{%- set books = ['finance', 'budget'] %}
with measured as (
    {%- for family in families %}
    select period, member_id, dept_code, measure, amount from {{ ref('int_performance__' ~ family ~ '_measure') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

{{ rolled_up('measured') }}

union all

-- figures of the ledger stay with the member (int_performance__finance_measure)
{%- for family in books %}
select
    period,
    'member' as entity_level,
    member_id as entity_id,
    member_id,
    cast(null as varchar) as dept_code,
    measure,
    amount
from {{ ref('int_performance__' ~ family ~ '_measure') }}
{{ 'union all' if not loop.last }}
{%- endfor %}
