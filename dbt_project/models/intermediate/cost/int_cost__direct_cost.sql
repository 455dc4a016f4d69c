-- One row per period, member, department and cost element: direct cost in the scope 医疗成本 (domain 1.3), in fen.
-- Members with departments only. Scope: cost elements of 5001/5101 paid from own and fiscal basic money.
select
    expenses.period,
    expenses.member_id,
    expenses.dept_code,
    expenses.cost_element,
    cast(sum(expenses.amount) * 100 as bigint) as amount_fen
from {{ ref('int_cost__expense') }} as expenses
inner join {{ ref('int_cost__basis') }} as basis
    on expenses.period = basis.period
    and expenses.member_id = basis.member_id
    and basis.basis = 'department'
where
    expenses.expense_kind = 'item'
    and expenses.fund_source in ('own', 'fiscal_basic')
group by expenses.period, expenses.member_id, expenses.dept_code, expenses.cost_element
having sum(expenses.amount) <> 0
