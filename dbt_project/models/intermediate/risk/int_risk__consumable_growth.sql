-- One row per month, member and department with both a year ago: how consumables and performance pay have grown (S1-PERF-33).
with materials as (
    select period, member_id, dept_code, amount
    from {{ ref('int_risk__bill_mix') }}
    where class = 'material' and amount <> 0
),

pay as (
    select period, member_id, dept_code, sum(performance_pay) as performance_pay
    from {{ ref('stg_payroll') }}
    group by period, member_id, dept_code
)

select
    materials.period,
    materials.member_id,
    materials.dept_code,
    {{ ratio('materials.amount - before.amount', 'before.amount') }} as consumable_growth,
    {{ ratio('pay.performance_pay - pay_before.performance_pay', 'pay_before.performance_pay') }} as performance_growth
from materials
inner join materials as before
    on before.period = {{ month_add('materials.period', -12) }}
    and materials.member_id = before.member_id
    and materials.dept_code = before.dept_code
inner join pay
    on materials.period = pay.period and materials.member_id = pay.member_id and materials.dept_code = pay.dept_code
inner join pay as pay_before
    on pay_before.period = {{ month_add('materials.period', -12) }}
    and materials.member_id = pay_before.member_id
    and materials.dept_code = pay_before.dept_code
