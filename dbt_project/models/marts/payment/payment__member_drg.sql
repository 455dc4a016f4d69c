-- One row per period and member with cases settled by DRG: breadth, case mix, efficiency and result (domain 3.8, S2-DRG-01, S1-FIN-01).
-- Indices are case-weighted means of the ratios of the member's group means to the region's, on bills and days; 1 = as the region.
with totals as (
    select
        period,
        member_id,
        count(distinct case when weight is not null then drg_code end) as drg_groups,
        count(*) as settled_cases,
        sum(case when weight is not null then 1 else 0 end) as cases,
        sum(weight) as total_weight,
        sum(case when risk_grade = 1 then 1 else 0 end) as low_risk_cases,
        sum(case when risk_grade = 1 and disposition = 'died' then 1 else 0 end) as low_risk_deaths
    from {{ ref('int_payment__case') }}
    group by period, member_id
),

indices as (
    select
        period,
        member_id,
        {{ ratio("sum(case when span = 'month' then cost_ratio_cases end)", "sum(case when span = 'month' then cases end)") }} as cost_index,
        {{ ratio("sum(case when span = 'month' then time_ratio_cases end)", "sum(case when span = 'month' then cases end)") }} as time_index,
        {{ ratio("sum(case when span = 'ytd' then cost_ratio_cases end)", "sum(case when span = 'ytd' then cases end)") }} as cost_index_ytd,
        {{ ratio("sum(case when span = 'ytd' then time_ratio_cases end)", "sum(case when span = 'ytd' then cases end)") }} as time_index_ytd
    from {{ ref('int_payment__case_index') }}
    group by period, member_id
),

results as (
    select period, member_id, {{ money('sum(surplus)') }} as surplus
    from {{ ref('payment__case_payment') }}
    group by period, member_id
)

select
    totals.period,
    totals.member_id,
    members.name as member_name,
    totals.drg_groups,
    totals.settled_cases,
    totals.cases,
    totals.total_weight,
    {{ ratio('totals.total_weight', 'totals.cases') }} as cmi,
    indices.cost_index,
    indices.time_index,
    indices.cost_index_ytd,
    indices.time_index_ytd,
    totals.low_risk_cases,
    totals.low_risk_deaths,
    {{ ratio('totals.low_risk_deaths', 'totals.low_risk_cases') }} as low_risk_mortality,
    results.surplus
from totals
left join indices on totals.period = indices.period and totals.member_id = indices.member_id
left join results on totals.period = results.period and totals.member_id = results.member_id
left join {{ ref('core__member') }} as members on totals.member_id = members.member_id
