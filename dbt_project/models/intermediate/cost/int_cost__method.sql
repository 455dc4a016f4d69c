-- One row per period and member with department cost: how its cases are costed (domain 1.10, choice of method).
-- bottom_up where items with an equivalent cover the policy share of the service revenue, else cost_to_charge, else (no
-- charges) top_down.
with services as (
    select
        period,
        member_id,
        sum(revenue_fen) as revenue_fen,
        sum(covered_fen) as covered_fen
    from {{ ref('int_cost__service_volume') }}
    where pool_code not in ('DRUG', 'MATERIAL')
    group by period, member_id
)

select
    basis.period,
    basis.member_id,
    coalesce(services.revenue_fen, 0) as revenue_fen,
    coalesce(services.covered_fen, 0) as covered_fen,
    policy.bottom_up_coverage_min,
    case
        when
            services.revenue_fen > 0
            and services.covered_fen >= services.revenue_fen * policy.bottom_up_coverage_min
            then 'bottom_up'
        when services.revenue_fen > 0 then 'cost_to_charge'
        else 'top_down'
    end as method
from {{ ref('int_cost__basis') }} as basis
left join services
    on basis.period = services.period
    and basis.member_id = services.member_id
inner join {{ policy_in_force(['bottom_up_coverage_min']) }} as policy
    on basis.period = policy.period
    and basis.member_id = policy.member_id
where basis.basis = 'department'
