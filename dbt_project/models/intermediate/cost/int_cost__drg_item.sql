-- One row per period, member, DRG and item: in how many cases of the group it was used, how much of it, and what it cost.
-- (A product of two DECIMAL(18) stays DECIMAL(18) in DuckDB and overflows: one of them is wider.)
-- Services at the member's own unit cost, what has none (drugs, consumables) at its price: there is no mark-up on them.
-- Cases and groups are numbered first: five million lines are gathered by numbers, not by names.
with cases as (
    select
        member_id,
        encounter_id,
        period,
        drg_code,
        cast(row_number() over (order by member_id, encounter_id) as integer) as case_no,
        cast(dense_rank() over (order by period, member_id, drg_code) as integer) as group_no
    from {{ ref('int_payment__case') }}
),

groups as (
    select distinct group_no, period, member_id, drg_code
    from cases
),

lines as (
    select
        cases.group_no,
        cases.case_no,
        charges.period as charged_in,
        charges.executing_dept,
        charges.item_code,
        charges.quantity,
        charges.amount
    from {{ ref('int_core__charge') }} as charges
    inner join cases
        on charges.member_id = cases.member_id
        and charges.encounter_id = cases.encounter_id
),

used as (
    select
        group_no,
        charged_in,
        executing_dept,
        item_code,
        sum(quantity) as quantity,
        sum(amount) as amount
    from lines
    group by group_no, charged_in, executing_dept, item_code
),

counted as (
    select group_no, item_code, count(*) as cases_with_item
    from (select distinct group_no, item_code, case_no from lines) as uses
    group by group_no, item_code
),

costed as (
    select
        used.group_no,
        used.item_code,
        sum(used.quantity) as quantity,
        {{ money('sum(coalesce(cast(used.quantity as decimal(19, 4)) * items.unit_cost, used.amount))') }} as cost
    from used
    inner join groups on used.group_no = groups.group_no
    left join {{ ref('cost__item_cost') }} as items
        on used.charged_in = items.period
        and groups.member_id = items.member_id
        and used.executing_dept = items.executing_dept
        and used.item_code = items.item_code
    group by used.group_no, used.item_code
)

select
    groups.period,
    groups.member_id,
    groups.drg_code,
    costed.item_code,
    counted.cases_with_item,
    costed.quantity,
    costed.cost
from costed
inner join groups on costed.group_no = groups.group_no
inner join counted
    on costed.group_no = counted.group_no
    and costed.item_code = counted.item_code
