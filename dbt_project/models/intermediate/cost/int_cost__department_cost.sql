-- One row per period, member, department and cost layer and cost element: what arose there, what each step brought, what it passed on, in fen.
with movements as (
    select
        period,
        member_id,
        dept_code,
        cost_layer,
        cost_element,
        amount_fen as direct_fen,
        0 as common_fen,
        0 as admin_fen,
        0 as auxiliary_fen,
        0 as medtech_fen,
        0 as passed_on_fen,
        0 as external_fen
    from {{ ref('int_cost__direct_cost') }}
    union all
    select
        period,
        member_id,
        to_dept,
        cost_layer,
        cost_element,
        0,
        case when step = 0 then amount_fen else 0 end,
        case when step = 1 then amount_fen else 0 end,
        case when step = 2 then amount_fen else 0 end,
        case when step = 3 then amount_fen else 0 end,
        0,
        0
    from {{ ref('int_cost__allocation') }}
    union all
    select
        period,
        member_id,
        from_dept,
        cost_layer,
        cost_element,
        0,
        0,
        0,
        0,
        0,
        amount_fen,
        case when to_dept like 'EXT:%' then amount_fen else 0 end
    from {{ ref('int_cost__allocation') }}
)

select
    period,
    member_id,
    dept_code,
    cost_layer,
    cost_element,
    cast(sum(direct_fen) as bigint) as direct_fen,
    cast(sum(common_fen) as bigint) as common_fen,
    cast(sum(admin_fen) as bigint) as admin_fen,
    cast(sum(auxiliary_fen) as bigint) as auxiliary_fen,
    cast(sum(medtech_fen) as bigint) as medtech_fen,
    cast(sum(direct_fen + common_fen + admin_fen + auxiliary_fen + medtech_fen) as bigint) as full_fen,
    cast(sum(passed_on_fen) as bigint) as passed_on_fen,
    cast(sum(external_fen) as bigint) as external_fen
from movements
group by period, member_id, dept_code, cost_layer, cost_element
