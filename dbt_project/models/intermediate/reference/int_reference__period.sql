-- One row per month from a year before the first month that anybody delivered to the last one, without gaps.
{% set extracts = [
    'gl_entries', 'trial_balance', 'budgets', 'cash_movements', 'payroll', 'workload', 'purchases', 'stock',
    'encounters', 'charge_lines', 'settlements', 'bed_census', 'equipment_use', 'referrals', 'exam_recognitions',
    'remote_services', 'staff_support', 'family_contracts', 'chronic_care', 'public_health', 'surveys', 'inspections',
] %}
with delivered as (
    {% for extract in extracts -%}
    select distinct period from {{ ref('stg_' ~ extract) }}
    {% if not loop.last %}union{% endif %}
    {% endfor %}
),

bounds as (
    select {{ month_add('min(period)', -12) }} as first_period, max(period) as last_period from delivered
),

digits as (
    select * from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as digit (n)
),

months as (
    select {{ month_add('bounds.first_period', 'tens.n * 10 + ones.n + hundreds.n * 100') }} as period, bounds.last_period
    from bounds
    cross join digits as hundreds
    cross join digits as tens
    cross join digits as ones
    where bounds.last_period is not null
)

select
    months.period,
    {{ month_start('months.period') }} as first_day,
    {{ month_end('months.period') }} as last_day,
    delivered.period is not null as is_delivered,
    coalesce(closes.status, 'open') as status
from months
left join delivered on months.period = delivered.period
left join {{ ref('periods') }} as closes on months.period = closes.period
where months.period <= months.last_period
