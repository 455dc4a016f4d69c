-- One row per period, member, DRG and item: in how many cases of the group it was used, how much of it, and what it cost.
-- (A product of two DECIMAL(18) stays DECIMAL(18) in DuckDB and overflows: one of them is wider.)
-- Services at the member's own unit cost, what has none (drugs, consumables) at its price: there is no mark-up on them.
with lines as (
    select
        cases.period as case_period,
        cases.drg_code,
        charges.period,
        charges.member_id,
        charges.encounter_id,
        charges.executing_dept,
        charges.item_code,
        sum(charges.quantity) as quantity,
        sum(charges.amount) as amount
    from {{ ref('int_core__charge') }} as charges
    inner join {{ ref('int_payment__case') }} as cases
        on charges.member_id = cases.member_id
        and charges.encounter_id = cases.encounter_id
    group by all
),

costed as (
    select
        lines.case_period as period,
        lines.member_id,
        lines.drg_code,
        lines.encounter_id,
        lines.item_code,
        sum(lines.quantity) as quantity,
        {{ money('sum(coalesce(cast(lines.quantity as decimal(19, 4)) * items.unit_cost, lines.amount))') }} as cost
    from lines
    left join {{ ref('cost__item_cost') }} as items
        on lines.period = items.period
        and lines.member_id = items.member_id
        and lines.executing_dept = items.executing_dept
        and lines.item_code = items.item_code
    group by lines.case_period, lines.member_id, lines.drg_code, lines.encounter_id, lines.item_code
)

select
    period,
    member_id,
    drg_code,
    item_code,
    count(*) as cases_with_item,
    sum(quantity) as quantity,
    {{ money('sum(cost)') }} as cost
from costed
group by period, member_id, drg_code, item_code
