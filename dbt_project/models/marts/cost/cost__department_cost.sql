-- One row per period, member, department and cost element: what arose there, what it received, what it passed on.
-- Three-level step-down by element (三级分项逐级分步结转法, domain 1.6), scope 医疗成本. Common costs stand as COMMON, what no
-- driver could place as UNALLOCATED. What another member's samples cost (EXT:<member>) isn't the member's: it stands in the trace.
select
    costs.period,
    costs.member_id,
    members.name as member_name,
    costs.dept_code,
    case
        when departments.dept_code is not null then departments.dept_name
        when costs.dept_code = 'UNALLOCATED' then '未分摊成本'
    end as dept_name,
    case
        when departments.dept_code is not null then departments.dept_class
        when costs.dept_code = 'UNALLOCATED' then 'unallocated'
    end as dept_class,
    costs.cost_element,
    {{ cost_element_name('costs.cost_element') }} as cost_element_name,
    {{ from_fen('costs.direct_fen') }} as direct_amount,
    {{ from_fen('costs.common_fen') }} as from_common,
    {{ from_fen('costs.admin_fen') }} as from_admin,
    {{ from_fen('costs.auxiliary_fen') }} as from_auxiliary,
    {{ from_fen('costs.medtech_fen') }} as from_medtech,
    {{ from_fen('costs.full_fen') }} as full_amount,
    {{ from_fen('costs.passed_on_fen') }} as passed_on_amount
from {{ ref('int_cost__department_cost') }} as costs
left join {{ ref('core__member') }} as members on costs.member_id = members.member_id
left join {{ ref('int_cost__department') }} as departments
    on costs.period = departments.period
    and costs.member_id = departments.member_id
    and costs.dept_code = departments.dept_code
where costs.cost_layer = 'medical' and costs.dept_code not like 'EXT:%'
