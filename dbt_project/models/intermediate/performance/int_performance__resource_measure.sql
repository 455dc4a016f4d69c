-- One row per period, member, department and measure of beds, staff, stock and purchases.
with beds as (
    select
        period,
        member_id,
        dept_code,
        sum(beds_open) as bed_days_open,
        sum(beds_occupied) as bed_days_occupied
    from {{ ref('stg_bed_census') }}
    group by period, member_id, dept_code
),

opened as (
    select period, member_id, dept_code, sum(beds_open) as beds_open
    from {{ ref('stg_departments') }}
    group by period, member_id, dept_code
),

staff as (
    select
        payroll.period,
        payroll.member_id,
        sum(case when payroll.role in ('doctor', 'gp') then payroll.fte end) as doctor_fte,
        sum(case when payroll.role = 'coder' then payroll.fte end) as coder_fte,
        sum(case when members.level in ('primary', 'village') then payroll.fte end) as primary_staff_fte,
        sum(case when members.level in ('primary', 'village') then
            payroll.base_pay + payroll.performance_pay + payroll.contract_service_pay + payroll.chronic_care_pay + payroll.other_pay
        end) as primary_staff_pay
    from {{ ref('stg_payroll') }} as payroll
    inner join {{ ref('members') }} as members on payroll.member_id = members.member_id
    group by payroll.period, payroll.member_id
),

drugs as (
    select
        period,
        member_id,
        cast(sum(issued_qty * unit_cost) as decimal(18, 4)) as drug_cost_of_sales,
        cast(sum((opening_qty + closing_qty) * unit_cost) * cast(0.5 as decimal(2, 1)) as decimal(18, 4)) as mean_drug_stock
    from {{ ref('stg_stock') }}
    where item_class = 'drug'
    group by period, member_id
),

bought as (
    select
        period,
        member_id,
        sum(case when item_class = 'drug' then amount end) as drug_purchase_amount,
        sum(case when item_class = 'drug' then case when is_centralised then amount else 0 end end) as centralised_purchase_amount,
        sum(case when paid_on is not null and received_on is not null then 1 end) as paid_purchases,
        sum(case when paid_on is not null and received_on is not null then {{ days_between('received_on', 'paid_on') }} end)
            as payment_days
    from {{ ref('stg_purchases') }}
    group by period, member_id
)

{{ long_measures('beds', ['bed_days_open', 'bed_days_occupied']) }}
union all
{{ long_measures('opened', ['beds_open']) }}
union all
{{ long_measures('staff', ['doctor_fte', 'coder_fte', 'primary_staff_fte', 'primary_staff_pay'], has_department=false) }}
union all
{{ long_measures('drugs', ['drug_cost_of_sales', 'mean_drug_stock'], has_department=false) }}
union all
{{ long_measures('bought', [
    'drug_purchase_amount', 'centralised_purchase_amount', 'paid_purchases', 'payment_days',
], has_department=false) }}
