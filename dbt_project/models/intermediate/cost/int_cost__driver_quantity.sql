-- One row per period, member, driver, sender and receiver: the quantity by which cost is shared out, in ten-thousandths.
-- sender '*' = the receiver's own figure, whoever sends. Ordered revenue of a technical department is what others ordered of
-- it (domain 1.6 rule 3). Visits: outpatient and emergency; discharges: stays ended; bed days: the nightly census (page 2b).
-- Receivers in another member (EXT:<member_id>) only where the workload names one: cost crosses the county's tiers by service
-- volume (S5-COST-07, S5-COST-08).
with departments as (
    select period, member_id, dept_code, headcount, floor_area_m2
    from {{ ref('stg_departments') }}
),

quantities as (
    select period, member_id, 'headcount' as driver, '*' as sender, dept_code as receiver, headcount as quantity
    from departments
    union all
    select period, member_id, 'floor_area', '*', dept_code, floor_area_m2
    from departments
    union all
    select period, member_id, 'fte', '*', dept_code, sum(fte)
    from {{ ref('stg_payroll') }}
    group by period, member_id, dept_code
    union all
    select period, member_id, 'ordered_revenue', executing_dept, ordering_dept, sum(amount)
    from {{ ref('int_cost__charge_volume') }}
    group by period, member_id, executing_dept, ordering_dept
    union all
    select period, member_id, 'ordered_revenue', '*', ordering_dept, sum(amount)
    from {{ ref('int_cost__charge_volume') }}
    group by period, member_id, ordering_dept
    union all
    select period, member_id, 'executed_revenue', '*', executing_dept, sum(amount)
    from {{ ref('int_cost__charge_volume') }}
    group by period, member_id, executing_dept
    union all
    select case_period, member_id, 'visits', '*', dept_code, count(*)
    from {{ ref('int_core__encounter') }}
    where encounter_type in ('outpatient', 'emergency')
    group by case_period, member_id, dept_code
    union all
    select case_period, member_id, 'discharges', '*', dept_code, count(*)
    from {{ ref('int_core__encounter') }}
    where encounter_type = 'inpatient' and case_period is not null
    group by case_period, member_id, dept_code
    union all
    select {{ month_of('census_date') }}, member_id, 'bed_days', '*', dept_code, sum(beds_occupied)
    from {{ ref('stg_bed_census') }}
    group by {{ month_of('census_date') }}, member_id, dept_code
    union all
    select
        period,
        member_id,
        'workload:' || workload_kind,
        sender_dept,
        case when receiver_member_id <> member_id then 'EXT:' || receiver_member_id else receiver_dept end,
        sum(quantity)
    from {{ ref('stg_workload') }}
    group by all
)

select
    quantities.period,
    quantities.member_id,
    quantities.driver,
    quantities.sender,
    quantities.receiver,
    cast(quantities.quantity * 10000 as bigint) as quantity
from quantities
left join departments
    on quantities.period = departments.period
    and quantities.member_id = departments.member_id
    and quantities.receiver = departments.dept_code
where
    quantities.quantity > 0
    and (departments.dept_code is not null or quantities.receiver like 'EXT:%')
