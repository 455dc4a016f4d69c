-- One row per violation rule and validity: its facts, as the description beside its model says them, or as the consortium does.
-- A rule that stands in the consortium's risk_rules.csv is taken from there alone, all its validities.
with stated as (
    {{ stated_rules() }}
),

own as (
    select {{ rule_facts() | join(', ') }} from {{ ref('risk_rules') }}
)

select * from own
union all
select stated.*
from stated
where not exists (select 1 from own where stated.rule_code = own.rule_code)
