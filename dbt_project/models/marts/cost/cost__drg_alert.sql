-- One row per period, member, DRG and alert (S3-DRG-13, AMB-18): over the standard, near it, over the pathway's ceiling, or a stay
-- beyond the region's median; with the likely risk point: the component that exceeds the region's most, and complications that
-- rose against the month before.
{%- set parts = [
    ('drug', '药品'), ('consumable', '卫材'), ('labour', '人力'), ('depreciation', '折旧'), ('other', '其他'), ('indirect', '间接成本')
] %}
with groups as (
    select
        costs.*,
        {% for part, _ in parts -%}
        {{ money_per(
            'sum(costs.mean_' ~ part ~ ' * costs.cases) over region',
            'sum(case when costs.mean_' ~ part ~ ' is not null then costs.cases end) over region'
        ) }} as region_{{ part }},
        {% endfor -%}
        policy.cost_alert_over_standard,
        policy.near_alert_ratio,
        policy.los_alert_over_median
    from {{ ref('cost__drg_cost') }} as costs
    inner join {{ policy_in_force(['cost_alert_over_standard', 'los_alert_over_median', 'near_alert_ratio']) }} as policy
        on costs.period = policy.period
        and costs.member_id = policy.member_id
    window region as (partition by costs.period, costs.drg_code)
),

{% set standard_alert = 'payment_standard * (1 + cost_alert_over_standard)' -%}
{% set near_alert = 'payment_standard * (1 + cast(near_alert_ratio * cost_alert_over_standard as decimal(18, 6)))' -%}
alerts as (
    select *, 'over_standard' as alert, mean_cost as value, {{ money(standard_alert) }} as threshold
    from groups
    where mean_cost >= {{ standard_alert }}
    union all
    select *, 'near_standard', mean_cost, {{ money(near_alert) }}
    from groups
    where mean_cost >= {{ near_alert }} and mean_cost < {{ standard_alert }}
    union all
    select *, 'over_ceiling', mean_cost, cost_ceiling
    from groups
    where is_over_ceiling
    union all
    select *, 'long_stay', mean_los, {{ money('region_median_los * (1 + los_alert_over_median)') }}
    from groups
    where is_long_stay
),

complications as (
    select
        cases.period,
        cases.member_id,
        grouped.drg_code,
        {{ ratio('sum(case when cases.has_complication then 1 else 0 end)', 'count(cases.has_complication)') }} as complication_rate
    from {{ ref('int_cost__case') }} as cases
    inner join {{ ref('int_payment__case') }} as grouped
        on cases.member_id = grouped.member_id
        and cases.encounter_id = grouped.encounter_id
    group by cases.period, cases.member_id, grouped.drg_code
),

excesses as (
    {% for part, name in parts -%}
    select period, member_id, drg_code, '{{ part }}' as component, '{{ name }}' as component_name,
        mean_{{ part }} - region_{{ part }} as excess
    from groups
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

dearest as (
    select *
    from (
        select
            *,
            row_number() over (partition by period, member_id, drg_code order by excess desc, component) as place
        from excesses
        where excess > 0
    ) as ranked
    where place = 1
)

select
    alerts.period,
    alerts.member_id,
    alerts.member_name,
    alerts.drg_code,
    alerts.drg_name,
    alerts.alert,
    case alerts.alert
        when 'over_standard' then '超支付标准'
        when 'near_standard' then '接近支付标准'
        when 'over_ceiling' then '超路径成本上限'
        when 'long_stay' then '住院日偏长'
    end as alert_name,
    case when alerts.alert in ('over_standard', 'over_ceiling') then 'red' else 'yellow' end as severity,
    alerts.cases,
    {{ money('alerts.value') }} as value,
    {{ money('alerts.threshold') }} as threshold,
    alerts.payment_standard,
    dearest.component as dearest_component,
    dearest.component_name as dearest_component_name,
    {{ money('dearest.excess') }} as dearest_excess,
    now.complication_rate,
    before.complication_rate as previous_complication_rate,
    coalesce(now.complication_rate > before.complication_rate, false) as has_rising_complications
from alerts
left join dearest
    on alerts.period = dearest.period
    and alerts.member_id = dearest.member_id
    and alerts.drg_code = dearest.drg_code
left join complications as now
    on alerts.period = now.period
    and alerts.member_id = now.member_id
    and alerts.drg_code = now.drg_code
left join complications as before
    on {{ month_add('alerts.period', -1) }} = before.period
    and alerts.member_id = before.member_id
    and alerts.drg_code = before.drg_code
