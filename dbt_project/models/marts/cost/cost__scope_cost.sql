-- One row per period, member, department, cost element and cost scope: direct cost in the four scopes of domain 1.3.
-- Each scope holds the one before it; department totals before any allocation.
with scoped as (
    select
        expenses.*,
        coalesce(departments.dept_class, 'unknown') as dept_class
    from {{ ref('int_cost__expense') }} as expenses
    inner join {{ ref('int_cost__basis') }} as basis
        on expenses.period = basis.period
        and expenses.member_id = basis.member_id
        and basis.basis = 'department'
    left join {{ ref('stg_departments') }} as departments
        on expenses.period = departments.period
        and expenses.member_id = departments.member_id
        and expenses.dept_code = departments.dept_code
    where expenses.expense_kind <> 'outside'
),

scopes as (
    select *, 'medical_business' as cost_scope
    from scoped
    where
        expense_kind = 'item'
        and fund_source in ('own', 'fiscal_basic')
        and dept_class in ('clinical', 'medtech', 'auxiliary')
    union all
    select *, 'medical'
    from scoped
    where expense_kind = 'item' and fund_source in ('own', 'fiscal_basic')
    union all
    select *, 'medical_full'
    from scoped
    where expense_kind = 'item' and fund_source in ('own', 'fiscal_basic', 'fiscal_project', 'other_project')
    union all
    select *, 'hospital_full'
    from scoped
)

select
    scopes.period,
    scopes.member_id,
    members.name as member_name,
    scopes.dept_code,
    departments.dept_name,
    scopes.cost_element,
    {{ cost_element_name('scopes.cost_element') }} as cost_element_name,
    scopes.cost_scope,
    {{ money('sum(scopes.amount)') }} as amount
from scopes
left join {{ ref('core__member') }} as members on scopes.member_id = members.member_id
left join {{ ref('int_cost__department') }} as departments
    on scopes.period = departments.period
    and scopes.member_id = departments.member_id
    and scopes.dept_code = departments.dept_code
group by all
