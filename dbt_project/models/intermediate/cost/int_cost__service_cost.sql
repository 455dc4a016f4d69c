-- One row per period, member and department that serves patients: its cost after level 2, by component, in fen.
-- Technical departments still hold their own cost (cost2, domain 1.9), so that nothing is counted twice; what they did for
-- other members is taken out, component by component, the last fen with `indirect`. Components (S3-DRG-04): direct drugs,
-- consumables, labour, depreciation (with amortisation) and other; indirect = received from common, admin, auxiliary.
with held as (
    select
        costs.period,
        costs.member_id,
        costs.dept_code,
        departments.dept_class,
        sum(case when costs.cost_element = 'drug' then costs.direct_fen else 0 end) as drug_fen,
        sum(case when costs.cost_element = 'consumable' then costs.direct_fen else 0 end) as consumable_fen,
        sum(case when costs.cost_element = 'labour' then costs.direct_fen else 0 end) as labour_fen,
        sum(case when costs.cost_element in ('depreciation', 'amortisation') then costs.direct_fen else 0 end) as depreciation_fen,
        sum(case when costs.cost_element in ('risk_fund', 'other') then costs.direct_fen else 0 end) as other_fen,
        sum(costs.common_fen + costs.admin_fen + costs.auxiliary_fen) as received_fen,
        sum(costs.medtech_fen) as medtech_fen,
        sum(costs.direct_fen + costs.common_fen + costs.admin_fen + costs.auxiliary_fen) as cost2_fen,
        sum(costs.external_fen) as external_fen
    from {{ ref('int_cost__department_cost') }} as costs
    inner join {{ ref('int_cost__department') }} as departments
        on costs.period = departments.period
        and costs.member_id = departments.member_id
        and costs.dept_code = departments.dept_code
        and departments.dept_class in ('clinical', 'medtech')
    where costs.cost_layer = 'medical'
    group by costs.period, costs.member_id, costs.dept_code, departments.dept_class
),

own as (
    select
        period,
        member_id,
        dept_code,
        dept_class,
        {% for part in ['drug', 'consumable', 'labour', 'depreciation', 'other'] -%}
        {{ part }}_fen - coalesce({{ share_of(part ~ '_fen', 'external_fen', 'cost2_fen') }}, 0) as {{ part }}_fen,
        {% endfor -%}
        cost2_fen - external_fen as cost2_fen,
        medtech_fen
    from held
)

select
    period,
    member_id,
    dept_code,
    dept_class,
    drug_fen,
    consumable_fen,
    labour_fen,
    depreciation_fen,
    other_fen,
    cost2_fen - drug_fen - consumable_fen - labour_fen - depreciation_fen - other_fen as indirect_fen,
    medtech_fen
from own
