-- One row per period, member, step, sending and receiving department and cost element: the audit trail of the step-down.
-- Scope 医疗成本; what the wider scopes add is passed on by the same drivers (cost.scope_cost).
select
    flows.period,
    flows.member_id,
    members.name as member_name,
    flows.step,
    flows.from_dept,
    senders.dept_name as from_dept_name,
    flows.to_dept,
    coalesce(receivers.dept_name, '外部：' || outside.name, case flows.to_dept when 'UNALLOCATED' then '未分摊成本' end)
        as to_dept_name,
    flows.cost_element,
    {{ cost_element_name('flows.cost_element') }} as cost_element_name,
    flows.driver,
    flows.is_fallback,
    cast(flows.share_millionths * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)) as driver_share,
    {{ from_fen('flows.amount_fen') }} as amount
from {{ ref('int_cost__allocation') }} as flows
left join {{ ref('core__member') }} as members on flows.member_id = members.member_id
left join {{ ref('int_cost__department') }} as senders
    on flows.period = senders.period and flows.member_id = senders.member_id and flows.from_dept = senders.dept_code
left join {{ ref('int_cost__department') }} as receivers
    on flows.period = receivers.period and flows.member_id = receivers.member_id and flows.to_dept = receivers.dept_code
left join {{ ref('core__member') }} as outside on flows.to_dept = 'EXT:' || outside.member_id
where flows.cost_layer = 'medical'
