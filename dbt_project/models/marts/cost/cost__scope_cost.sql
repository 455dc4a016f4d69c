-- One row per period, member, department, cost element and cost scope: direct and full cost in the four scopes of domain 1.3.
-- Each scope holds the one before it. full_amount: direct and received by the three-level step-down, as in
-- cost.department_cost; 医疗业务成本 leaves administration out and is a figure of direct cost only.
with departments as (
    select
        costs.period,
        costs.member_id,
        costs.dept_code,
        costs.cost_layer,
        costs.cost_element,
        costs.direct_fen,
        costs.full_fen,
        departments.dept_name,
        departments.dept_class
    from {{ ref('int_cost__department_cost') }} as costs
    left join {{ ref('int_cost__department') }} as departments
        on costs.period = departments.period
        and costs.member_id = departments.member_id
        and costs.dept_code = departments.dept_code
    where costs.dept_code not like 'EXT:%'
),

scopes as (
    select
        'medical_business' as cost_scope,
        period,
        member_id,
        dept_code,
        dept_name,
        cost_element,
        direct_fen,
        cast(null as bigint) as full_fen
    from departments
    where cost_layer = 'medical' and dept_class in ('clinical', 'medtech', 'auxiliary') and direct_fen <> 0
    union all
    select 'medical', period, member_id, dept_code, dept_name, cost_element, direct_fen, full_fen
    from departments
    where cost_layer = 'medical'
    union all
    select 'medical_full', period, member_id, dept_code, dept_name, cost_element, direct_fen, full_fen
    from departments
    where cost_layer in ('medical', 'medical_full')
    union all
    select 'hospital_full', period, member_id, dept_code, dept_name, cost_element, direct_fen, full_fen
    from departments
)

select
    scopes.period,
    scopes.member_id,
    members.name as member_name,
    scopes.dept_code,
    case when scopes.dept_code = 'UNALLOCATED' then '未分摊成本' else scopes.dept_name end as dept_name,
    scopes.cost_element,
    {{ cost_element_name('scopes.cost_element') }} as cost_element_name,
    scopes.cost_scope,
    case scopes.cost_scope
        when 'medical_business' then '医疗业务成本'
        when 'medical' then '医疗成本'
        when 'medical_full' then '医疗全成本'
        when 'hospital_full' then '医院全成本'
    end as cost_scope_name,
    {{ from_fen('sum(scopes.direct_fen)') }} as amount,
    {{ from_fen('sum(scopes.full_fen)') }} as full_amount
from scopes
left join {{ ref('core__member') }} as members on scopes.member_id = members.member_id
group by all
