-- One row per period, member, department and cost element: cost of the consortium without double count (domain 2.6.4). The
-- price that a member paid another goes out, what the work cost the provider comes in; scope 医疗成本. Over all members:
-- direct cost of all less the prices. A member that delivers only totals stands as COMMON.
with own as (
    select period, member_id, dept_code, cost_element, full_amount - passed_on_amount as amount
    from {{ ref('cost__department_cost') }}

    union all

    select expenses.period, expenses.member_id, 'COMMON', expenses.cost_element, expenses.amount
    from {{ ref('int_cost__expense') }} as expenses
    inner join {{ ref('int_cost__basis') }} as basis
        on expenses.period = basis.period and expenses.member_id = basis.member_id and basis.basis <> 'department'
    where expenses.expense_kind = 'item' and expenses.fund_source in ('own', 'fiscal_basic')
),

sides as (
    select period, member_id, dept_code, cost_element, amount as own_amount, 0 as price_amount, 0 as received_amount
    from own
    union all
    select period, member_id, dept_code, cost_element, 0, price_amount, received_amount
    from {{ ref('int_ledger__internal_cost') }}
)

select
    sides.period,
    sides.member_id,
    members.name as member_name,
    sides.dept_code,
    coalesce(departments.dept_name, case sides.dept_code when 'COMMON' then '公共成本' when 'UNALLOCATED' then '未分摊成本' end)
        as dept_name,
    sides.cost_element,
    {{ cost_element_name('sides.cost_element') }} as cost_element_name,
    {{ money('sum(sides.own_amount)') }} as own_amount,
    {{ money('sum(sides.price_amount)') }} as price_amount,
    {{ money('sum(sides.received_amount)') }} as received_amount,
    {{ money('sum(sides.own_amount) - sum(sides.price_amount) + sum(sides.received_amount)') }} as consolidated_amount
from sides
inner join {{ ref('int_ledger__membership') }} as scope
    on sides.period = scope.period and sides.member_id = scope.member_id
left join {{ ref('core__member') }} as members on sides.member_id = members.member_id
left join {{ ref('core__department') }} as departments
    on sides.period = departments.period
    and sides.member_id = departments.member_id
    and sides.dept_code = departments.dept_code
group by
    sides.period,
    sides.member_id,
    members.name,
    sides.dept_code,
    departments.dept_name,
    sides.cost_element
having sum(sides.own_amount) <> 0 or sum(sides.price_amount) <> 0 or sum(sides.received_amount) <> 0
