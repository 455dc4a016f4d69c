-- One row per period, member and clinical department with charges and payroll: consumables beside performance pay (高成本高收益,
-- S1-PERF-33), each against the member's other clinical departments: consumables ordered per 100 yuan ordered, and performance pay
-- per full-time person. Flagged where both are above the others'.
with orders as (
    select
        period,
        member_id,
        ordering_dept as dept_code,
        sum(case when charge_class in ('consumable', 'high_value_consumable') then amount else 0 end) as consumable_amount,
        sum(amount) as amount
    from {{ ref('int_cost__charge_volume') }}
    group by period, member_id, ordering_dept
),

pay as (
    select period, member_id, dept_code, sum(performance_pay) as performance_pay, sum(fte) as fte
    from {{ ref('stg_payroll') }}
    group by period, member_id, dept_code
),

departments as (
    select
        listed.period,
        listed.member_id,
        listed.dept_code,
        listed.dept_name,
        orders.consumable_amount,
        orders.amount,
        pay.performance_pay,
        pay.fte,
        {% for figure in ['orders.consumable_amount', 'orders.amount', 'pay.performance_pay', 'pay.fte'] -%}
        {%- set name = figure.split('.')[1] -%}
        sum({{ figure }}) over (partition by listed.period, listed.member_id) - {{ figure }} as other_{{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_cost__department') }} as listed
    inner join orders
        on listed.period = orders.period
        and listed.member_id = orders.member_id
        and listed.dept_code = orders.dept_code
    inner join pay
        on listed.period = pay.period
        and listed.member_id = pay.member_id
        and listed.dept_code = pay.dept_code
    where listed.dept_class = 'clinical'
),

rates as (
    select
        *,
        {{ money_per('consumable_amount * 100', 'amount') }} as consumables_per_100,
        {{ money_per('other_consumable_amount * 100', 'other_amount') }} as others_consumables_per_100,
        {{ money_per('performance_pay', 'fte') }} as performance_pay_per_fte,
        {{ money_per('other_performance_pay', 'other_fte') }} as others_performance_pay_per_fte
    from departments
)

select
    rates.period,
    rates.member_id,
    members.name as member_name,
    rates.dept_code,
    rates.dept_name,
    rates.consumables_per_100,
    rates.others_consumables_per_100,
    rates.performance_pay_per_fte,
    rates.others_performance_pay_per_fte,
    coalesce(
        rates.consumables_per_100 > rates.others_consumables_per_100
        and rates.performance_pay_per_fte > rates.others_performance_pay_per_fte, false
    ) as is_flagged
from rates
left join {{ ref('core__member') }} as members on rates.member_id = members.member_id
