-- One row per period, member, department and cost element: what arose there, what it received, what it passed on.
-- Three-level step-down by element (三级分项逐级分步结转法, domain 1.6), scope 医疗成本. Common costs stand as COMMON, what
-- another member's samples cost as EXT:<member>, what no driver could place as UNALLOCATED.
with movements as (
    select
        period,
        member_id,
        dept_code,
        cost_element,
        amount_fen as direct_fen,
        0 as common_fen,
        0 as admin_fen,
        0 as auxiliary_fen,
        0 as medtech_fen,
        0 as passed_on_fen
    from {{ ref('int_cost__direct_cost') }}
    union all
    select
        period,
        member_id,
        to_dept,
        cost_element,
        0,
        case when step = 0 then amount_fen else 0 end,
        case when step = 1 then amount_fen else 0 end,
        case when step = 2 then amount_fen else 0 end,
        case when step = 3 then amount_fen else 0 end,
        0
    from {{ ref('int_cost__allocation') }}
    union all
    select
        period,
        member_id,
        from_dept,
        cost_element,
        0,
        0,
        0,
        0,
        0,
        amount_fen
    from {{ ref('int_cost__allocation') }}
),

summed as (
    select
        period,
        member_id,
        dept_code,
        cost_element,
        sum(direct_fen) as direct_fen,
        sum(common_fen) as common_fen,
        sum(admin_fen) as admin_fen,
        sum(auxiliary_fen) as auxiliary_fen,
        sum(medtech_fen) as medtech_fen,
        sum(passed_on_fen) as passed_on_fen
    from movements
    group by period, member_id, dept_code, cost_element
)

select
    summed.period,
    summed.member_id,
    members.name as member_name,
    summed.dept_code,
    case
        when departments.dept_code is not null then departments.dept_name
        when external_members.member_id is not null then '外部：' || external_members.name
        when summed.dept_code = 'UNALLOCATED' then '未分摊成本'
    end as dept_name,
    case
        when departments.dept_code is not null then departments.dept_class
        when summed.dept_code = 'UNALLOCATED' then 'unallocated'
        else 'external'
    end as dept_class,
    summed.cost_element,
    {{ cost_element_name('summed.cost_element') }} as cost_element_name,
    {{ from_fen('summed.direct_fen') }} as direct_amount,
    {{ from_fen('summed.common_fen') }} as from_common,
    {{ from_fen('summed.admin_fen') }} as from_admin,
    {{ from_fen('summed.auxiliary_fen') }} as from_auxiliary,
    {{ from_fen('summed.medtech_fen') }} as from_medtech,
    {{ from_fen('summed.direct_fen + summed.common_fen + summed.admin_fen + summed.auxiliary_fen + summed.medtech_fen') }}
        as full_amount,
    {{ from_fen('summed.passed_on_fen') }} as passed_on_amount
from summed
left join {{ ref('core__member') }} as members on summed.member_id = members.member_id
left join {{ ref('int_cost__department') }} as departments
    on summed.period = departments.period
    and summed.member_id = departments.member_id
    and summed.dept_code = departments.dept_code
left join {{ ref('core__member') }} as external_members on summed.dept_code = 'EXT:' || external_members.member_id
