-- One row per period, member and cost pool: fen to share out over cases, and by what. Pools add up to the member's full cost
-- less what went to other members and what nobody could place.
-- DRUG and MATERIAL by their charges; a department's services by equivalents where they cover the department, by charges
-- else (收入分配系数法, domain 1.9); where a clinical department charged no service at all, by days of stay (one per visit).
-- A top-down member (domain 1.10) has its clinical departments only, with all they received.
with costs as (
    select
        costs.*,
        methods.method,
        coalesce(materials.charged_fen, 0) as charged_fen,
        coalesce(volumes.revenue_fen, 0) as revenue_fen,
        coalesce(volumes.points, 0) as points,
        coalesce(volumes.covered_fen, 0) as covered_fen
    from {{ ref('int_cost__service_cost') }} as costs
    inner join {{ ref('int_cost__method') }} as methods
        on costs.period = methods.period
        and costs.member_id = methods.member_id
    left join {{ ref('int_cost__charged_material') }} as materials
        on costs.period = materials.period
        and costs.member_id = materials.member_id
        and costs.dept_code = materials.dept_code
    left join {{ ref('int_cost__service_volume') }} as volumes
        on costs.period = volumes.period
        and costs.member_id = volumes.member_id
        and costs.dept_code = volumes.pool_code
),

services as (
    select
        period,
        member_id,
        dept_code as pool_code,
        case
            when method = 'bottom_up' and points > 0 and covered_fen >= revenue_fen * {{ var('bottom_up_coverage_min', 0.90) }} then 'equivalent'
            when revenue_fen > 0 then 'charge'
            when dept_class = 'clinical' then 'day'
            else 'none'
        end as weight_kind,
        points,
        revenue_fen,
        cast(0 as bigint) as drug_fen,
        consumable_fen - charged_fen as consumable_fen,
        labour_fen,
        depreciation_fen,
        other_fen,
        indirect_fen
    from costs
    where method <> 'top_down'
),

apart as (
    select
        costs.period,
        costs.member_id,
        'DRUG' as pool_code,
        sum(costs.drug_fen) as drug_fen,
        cast(0 as bigint) as consumable_fen
    from costs
    where costs.method <> 'top_down'
    group by costs.period, costs.member_id
    union all
    select
        costs.period,
        costs.member_id,
        'MATERIAL' as pool_code,
        cast(0 as bigint) as drug_fen,
        sum(costs.charged_fen) as consumable_fen
    from costs
    where costs.method <> 'top_down'
    group by costs.period, costs.member_id
),

pools as (
    select * from services
    union all
    select
        apart.period,
        apart.member_id,
        apart.pool_code,
        case when volumes.revenue_fen > 0 then 'charge' else 'none' end,
        cast(0 as bigint),
        coalesce(volumes.revenue_fen, 0),
        apart.drug_fen,
        apart.consumable_fen,
        0,
        0,
        0,
        0
    from apart
    left join {{ ref('int_cost__service_volume') }} as volumes
        on apart.period = volumes.period
        and apart.member_id = volumes.member_id
        and apart.pool_code = volumes.pool_code
    union all
    select
        period,
        member_id,
        dept_code,
        'day',
        0,
        0,
        drug_fen,
        consumable_fen,
        labour_fen,
        depreciation_fen,
        other_fen,
        indirect_fen + medtech_fen
    from costs
    where method = 'top_down' and dept_class = 'clinical'
)

select
    period,
    member_id,
    pool_code,
    weight_kind,
    cast(case weight_kind when 'equivalent' then points when 'charge' then revenue_fen end as bigint) as weight_total,
    cast(revenue_fen as bigint) as revenue_fen,
    cast(drug_fen as bigint) as drug_fen,
    cast(consumable_fen as bigint) as consumable_fen,
    cast(labour_fen as bigint) as labour_fen,
    cast(depreciation_fen as bigint) as depreciation_fen,
    cast(other_fen as bigint) as other_fen,
    cast(indirect_fen as bigint) as indirect_fen,
    cast(drug_fen + consumable_fen + labour_fen + depreciation_fen + other_fen + indirect_fen as bigint) as total_fen
from pools
