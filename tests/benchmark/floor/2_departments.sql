-- Step-down with trace (domain 1.6), in whole fen. run.py repeats the part after the mark for the steps 0 to 3.
create temp view encounter as
select
    encounters.*,
    case when encounter_type <> 'inpatient' then strftime(started_at, '%Y-%m') else strftime(ended_at, '%Y-%m') end as case_period,
    case
        when encounter_type = 'inpatient' and ended_at is not null
            then greatest(date_diff('day', cast(started_at as date), cast(ended_at as date)), 1)
    end as los_days
from encounters
left join repeated_encounter
    on encounters.member_id = repeated_encounter.member_id and encounters.encounter_id = repeated_encounter.encounter_id
where repeated_encounter.last_period is null or encounters.period = repeated_encounter.last_period;

create temp table stay as
select
    encounter.*,
    cast(started_at as date) as started_on,
    cast(ended_at as date) as ended_on,
    members.level,
    members.region_code,
    cast(left(case_period, 4) as integer) - case when substr(case_period, 6, 2) < left(members.fiscal_year_start, 2) then 1 else 0 end
        as fiscal_year
from encounter
inner join members on encounter.member_id = members.member_id
where encounter_type = 'inpatient';

-- All charge lines once: departments, items and classes of a month.
create temp table volume as
select
    strftime(charged_at, '%Y-%m') as period,
    member_id,
    executing_dept,
    ordering_dept,
    item_code,
    charge_class,
    sum(quantity) as quantity,
    cast(sum(amount) * 100 as bigint) as fen
from charge
group by all;

create temp table item_equivalent as
select month.period, items.item_code, cast(max(items.equivalent) * 10000 as bigint) as equivalent
from month
inner join items
    on items.equivalent > 0
    and items.valid_from <= month.last_day
    and coalesce(items.valid_to, month.last_day) >= month.last_day
group by all;

create temp table direct as
select
    entry.period,
    entry.member_id,
    coalesce(nullif(trim(entry.dept_code), ''), 'COMMON') as dept_code,
    coalesce(entry.cost_element, 'other') as cost_element,
    cast(sum(entry.amount) * 100 as bigint) as fen
from mart.ledger.entry as entry
where not entry.is_closing
    and left(entry.account_code, 4) in ('5001', '5101')
    and entry.fund_source in ('own', 'fiscal_basic')
    and exists (select 1 from departments as d where d.period = entry.period and d.member_id = entry.member_id)
group by all
having sum(entry.amount) <> 0;

create temp table department as
select
    coalesce(departments.period, holding.period) as period,
    coalesce(departments.member_id, holding.member_id) as member_id,
    coalesce(departments.dept_code, holding.dept_code) as dept_code,
    case when holding.dept_code = 'COMMON' then '公用成本' else departments.dept_name end as dept_name,
    case when holding.dept_code = 'COMMON' then 'common' else coalesce(departments.dept_class, 'unknown') end as dept_class,
    case
        when departments.dept_class is null then 0
        when departments.dept_class = 'admin' then 1
        when departments.dept_class = 'auxiliary' then 2
        when departments.dept_class = 'medtech' then 3
    end as step
from departments
full join (select distinct period, member_id, dept_code from direct) as holding
    on departments.period = holding.period
    and departments.member_id = holding.member_id
    and departments.dept_code = holding.dept_code;

create temp table quantity as
with named as (
    select period, member_id, 'headcount' as driver, '*' as sender, dept_code as receiver, headcount as quantity from departments
    union all
    select period, member_id, 'floor_area', '*', dept_code, floor_area_m2 from departments
    union all
    select period, member_id, 'fte', '*', dept_code, sum(fte) from payroll group by all
    union all
    select period, member_id, 'ordered_revenue', executing_dept, ordering_dept, sum(fen) * 0.01 from volume group by all
    union all
    select period, member_id, 'ordered_revenue', '*', ordering_dept, sum(fen) * 0.01 from volume group by all
    union all
    select period, member_id, 'executed_revenue', '*', executing_dept, sum(fen) * 0.01 from volume group by all
    union all
    select case_period, member_id, case encounter_type when 'inpatient' then 'discharges' else 'visits' end, '*', dept_code, count(*)
    from encounter
    where encounter_type in ('outpatient', 'emergency', 'inpatient') and case_period is not null
    group by all
    union all
    select strftime(census_date, '%Y-%m'), member_id, 'bed_days', '*', dept_code, sum(beds_occupied) from bed_census group by all
    union all
    select
        period, member_id, 'workload:' || workload_kind, sender_dept,
        case when receiver_member_id <> member_id then 'EXT:' || receiver_member_id else receiver_dept end,
        sum(quantity)
    from workload
    group by all
)
select named.* replace (cast(named.quantity * 10000 as bigint) as quantity)
from named
left join departments
    on named.period = departments.period and named.member_id = departments.member_id and named.receiver = departments.dept_code
where named.quantity > 0 and (departments.dept_code is not null or starts_with(named.receiver, 'EXT:'));

create temp table sender as
select department.period, department.member_id, department.dept_code, department.step, rules.driver, rules.fallback_driver
from department
inner join month on department.period = month.period
left join allocation_drivers as rules
    on department.dept_class = rules.from_dept_class
    and rules.member_id in (department.member_id, '*')
    and rules.from_dept in (department.dept_code, '*')
    and rules.valid_from <= month.last_day
    and coalesce(rules.valid_to, month.last_day) >= month.last_day
where department.step is not null
qualify row_number() over (
    partition by department.period, department.member_id, department.dept_code
    order by
        case when rules.member_id <> '*' then 2 else 0 end + case when rules.from_dept <> '*' then 1 else 0 end desc,
        rules.valid_from desc, rules.driver
) = 1;

-- Of each sender: the first driver with a positive quantity for a department of a later step; its own rows before those for all.
create temp table share as
with asked as (
    select period, member_id, dept_code, step, driver, 1 as place from sender where driver is not null
    union all
    select period, member_id, dept_code, step, fallback_driver, 2 from sender where fallback_driver <> driver
),
own as (select distinct period, member_id, driver, sender from quantity where sender <> '*'),
served as (
    select asked.*, quantity.receiver, quantity.quantity
    from asked
    left join own
        on asked.period = own.period and asked.member_id = own.member_id
        and asked.driver = own.driver and asked.dept_code = own.sender
    inner join quantity
        on asked.period = quantity.period
        and asked.member_id = quantity.member_id
        and asked.driver = quantity.driver
        and quantity.sender = coalesce(own.sender, '*')
    left join department as receivers
        on quantity.period = receivers.period
        and quantity.member_id = receivers.member_id
        and quantity.receiver = receivers.dept_code
    where coalesce(receivers.step, 9) > asked.step
    qualify asked.place = min(asked.place) over (partition by asked.period, asked.member_id, asked.dept_code)
)
select
    sender.period, sender.member_id, sender.dept_code, sender.step,
    coalesce(served.receiver, 'UNALLOCATED') as receiver,
    coalesce(served.driver, 'none') as driver,
    coalesce(served.place = 2, false) as is_fallback,
    coalesce(served.quantity, 1) as quantity,
    cast(sum(coalesce(served.quantity, 1)) over (partition by sender.period, sender.member_id, sender.dept_code) as bigint) as total
from sender
left join served
    on sender.period = served.period and sender.member_id = served.member_id and sender.dept_code = served.dept_code;

create temp table flow (
    period varchar, member_id varchar, step integer, from_dept varchar, to_dept varchar, cost_element varchar,
    driver varchar, is_fallback boolean, quantity bigint, total bigint, fen bigint
);
-- step
insert into flow
with held as (
    select period, member_id, dept_code, cost_element, cast(sum(fen) as bigint) as fen
    from (
        select * from direct
        union all
        select period, member_id, to_dept, cost_element, fen from flow
    )
    group by all
    having sum(fen) <> 0
),
parts as (
    select
        share.period, share.member_id, share.dept_code, share.receiver, held.cost_element, share.driver, share.is_fallback,
        share.quantity, share.total, held.fen,
        -- floor and remainder, of negative amounts too
        ((cast(held.fen as hugeint) * share.quantity) % share.total + share.total) % share.total as remainder,
        (cast(held.fen as hugeint) * share.quantity - remainder) // share.total as floor
    from held
    inner join share
        on held.period = share.period and held.member_id = share.member_id and held.dept_code = share.dept_code
        and share.step = $step
),
shared as (
    select
        *,
        fen - sum(floor) over (partition by period, member_id, dept_code, cost_element) as missing,
        row_number() over (partition by period, member_id, dept_code, cost_element order by remainder desc, receiver) as place
    from parts
)
select
    period, member_id, $step, dept_code, receiver, cost_element, driver, is_fallback, quantity, total,
    cast(floor + case when place <= missing then 1 else 0 end as bigint) as whole
from shared
where whole <> 0;
