-- One row per period, member, department, cost layer and cost element: direct cost in fen (domain 1.3).
-- Members with departments only. Layer `medical` is the scope 医疗成本; `medical_full` and `hospital_full` what the wider scopes
-- add to it. Layers are allocated side by side, so that each scope is exact and holds the narrower one.
select
    expenses.period,
    expenses.member_id,
    expenses.dept_code,
    expenses.cost_layer,
    expenses.cost_element,
    cast(sum(expenses.amount) * 100 as bigint) as amount_fen
from {{ ref('int_cost__expense') }} as expenses
inner join {{ ref('int_cost__basis') }} as basis
    on expenses.period = basis.period
    and expenses.member_id = basis.member_id
    and basis.basis = 'department'
where expenses.cost_layer is not null
group by expenses.period, expenses.member_id, expenses.dept_code, expenses.cost_layer, expenses.cost_element
having sum(expenses.amount) <> 0
