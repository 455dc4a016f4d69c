-- One row per period, member and cost pool: fen to share out over cases, and by what. Pools add up to the member's full cost
-- less what went to other members and what nobody could place.
-- DRUG and MATERIAL by their charges, with what it costs to dispense them: a technical department that charges nothing else
-- (pharmacy, 药剂科). A department's services by equivalents where they cover the department, by charges else
-- (收入分配系数法, domain 1.9); where a clinical department charged no service at all, by days of stay (one per visit).
-- A top-down member (domain 1.10) has its clinical departments only, with all they received.
with dispensed as (
    select
        period,
        member_id,
        executing_dept,
        sum(case when charge_class = 'drug' then amount else 0 end) as drugs,
        sum(case when charge_class <> 'drug' then amount else 0 end) as materials
    from {{ ref('int_cost__charge_volume') }}
    where charge_class in ('drug', 'consumable', 'high_value_consumable')
    group by period, member_id, executing_dept
),

costs as (
    select
        costs.*,
        methods.method,
        coalesce(materials.charged_fen, 0) as charged_fen,
        case
            when costs.dept_class = 'clinical' or volumes.revenue_fen > 0 then costs.dept_code
            when dispensed.drugs > 0 and dispensed.drugs >= dispensed.materials then 'DRUG'
            when dispensed.materials > 0 then 'MATERIAL'
            else costs.dept_code
        end as pool_code
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
    left join dispensed
        on costs.period = dispensed.period
        and costs.member_id = dispensed.member_id
        and costs.dept_code = dispensed.executing_dept
),

parts as (
    select
        period,
        member_id,
        method,
        dept_class,
        pool_code,
        0 as drug_fen,
        consumable_fen - charged_fen as consumable_fen,
        labour_fen,
        depreciation_fen,
        other_fen,
        indirect_fen
    from costs
    where method <> 'top_down'
    union all
    select period, member_id, method, dept_class, 'DRUG', drug_fen, 0, 0, 0, 0, 0
    from costs
    where method <> 'top_down'
    union all
    select period, member_id, method, dept_class, 'MATERIAL', 0, charged_fen, 0, 0, 0, 0
    from costs
    where method <> 'top_down'
    union all
    select
        period,
        member_id,
        method,
        dept_class,
        dept_code,
        drug_fen,
        consumable_fen,
        labour_fen,
        depreciation_fen,
        other_fen,
        indirect_fen + medtech_fen
    from costs
    where method = 'top_down' and dept_class = 'clinical'
),

pools as (
    select
        period,
        member_id,
        pool_code,
        max(method) as method,
        pool_code not in ('DRUG', 'MATERIAL') and max(dept_class) = 'clinical' as is_clinical,
        {% for part in ['drug', 'consumable', 'labour', 'depreciation', 'other', 'indirect'] -%}
        cast(sum({{ part }}_fen) as bigint) as {{ part }}_fen{{ ',' if not loop.last }}
        {% endfor %}
    from parts
    group by period, member_id, pool_code
),

weighed as (
    select
        pools.*,
        coalesce(volumes.revenue_fen, 0) as revenue_fen,
        coalesce(volumes.points, 0) as points,
        case
            when pools.method = 'top_down' then 'day'
            when
                pools.method = 'bottom_up'
                and volumes.points > 0
                and volumes.covered_fen >= volumes.revenue_fen * methods.bottom_up_coverage_min
                and pools.pool_code not in ('DRUG', 'MATERIAL')
                then 'equivalent'
            when volumes.revenue_fen > 0 then 'charge'
            when pools.is_clinical then 'day'
            else 'none'
        end as weight_kind
    from pools
    left join {{ ref('int_cost__service_volume') }} as volumes
        on pools.period = volumes.period
        and pools.member_id = volumes.member_id
        and pools.pool_code = volumes.pool_code
    left join {{ ref('int_cost__method') }} as methods
        on pools.period = methods.period
        and pools.member_id = methods.member_id
)

select
    period,
    member_id,
    pool_code,
    weight_kind,
    cast(case weight_kind when 'equivalent' then points when 'charge' then revenue_fen end as bigint) as weight_total,
    cast(revenue_fen as bigint) as revenue_fen,
    drug_fen,
    consumable_fen,
    labour_fen,
    depreciation_fen,
    other_fen,
    indirect_fen,
    drug_fen + consumable_fen + labour_fen + depreciation_fen + other_fen + indirect_fen as total_fen
from weighed
