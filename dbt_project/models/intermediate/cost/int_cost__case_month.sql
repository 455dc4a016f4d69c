-- One row per period, member and encounter: that month's services to it, charged and at cost, by component, in fen (domain 1.10).
-- Each pool is shared out by exact integers, half away from zero; what rounding leaves stands in cost.case_reconciliation.
-- ratio_check_fen: the same by cost-to-charge alone, to see how far the methods lie apart. charged_goods_fen: drugs and
-- materials charged by themselves, without the work around them: what top-down starts from.
-- Labour goes by hours of physicians where the member delivers them for patients of the department (S3-DRG-05).
with hours as (
    select
        period,
        member_id,
        encounter_id,
        dept_code as pool_code,
        cast(physician_hours * 10000 as bigint) as hours
    from {{ ref('stg_encounters') }}
    where physician_hours > 0
),

weights as (
    select period, member_id, encounter_id, pool_code, amount_fen, points, cast(0 as bigint) as days, cast(0 as bigint) as hours
    from {{ ref('int_cost__case_charge') }}
    union all
    select period, member_id, encounter_id, pool_code, cast(0 as bigint), cast(0 as bigint), days, cast(0 as bigint)
    from {{ ref('int_cost__case_day') }}
    union all
    select period, member_id, encounter_id, pool_code, cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), hours
    from hours
),

days as (
    select period, member_id, pool_code, cast(sum(days) as bigint) as days
    from {{ ref('int_cost__case_day') }}
    group by period, member_id, pool_code
),

worked as (
    select period, member_id, pool_code, cast(sum(hours) as bigint) as hours
    from hours
    group by period, member_id, pool_code
),

pools as (
    select
        pools.*,
        coalesce(pools.weight_total, days.days) as whole,
        -- what nothing else can carry stays unmatched as a whole
        case when coalesce(pools.weight_total, days.days) <> 0 then worked.hours end as hours_whole
    from {{ ref('int_cost__pool') }} as pools
    left join days
        on pools.period = days.period
        and pools.member_id = days.member_id
        and pools.pool_code = days.pool_code
    left join worked
        on pools.period = worked.period
        and pools.member_id = worked.member_id
        and pools.pool_code = worked.pool_code
    where pools.weight_kind <> 'none'
),

weighted as (
    select
        weights.period,
        weights.member_id,
        weights.encounter_id,
        weights.pool_code,
        weights.amount_fen,
        case pools.weight_kind when 'equivalent' then weights.points when 'charge' then weights.amount_fen else weights.days end
            as weight,
        pools.whole,
        weights.hours,
        pools.hours_whole,
        pools.weight_kind,
        pools.revenue_fen,
        {% for part in ['drug', 'consumable', 'labour', 'depreciation', 'other', 'indirect', 'total'] -%}
        pools.{{ part }}_fen{{ ',' if not loop.last }}
        {% endfor %}
    from weights
    left join pools
        on weights.period = pools.period
        and weights.member_id = pools.member_id
        and weights.pool_code = pools.pool_code
),

shared as (
    select
        period,
        member_id,
        encounter_id,
        pool_code,
        amount_fen,
        case when labour_fen <> 0 then coalesce({{ share_of(
            'labour_fen',
            '(case when hours_whole is null then weight else hours end)',
            'coalesce(hours_whole, whole)'
        ) }}, 0) else 0 end as labour_fen,
        {% for part in ['drug', 'consumable', 'depreciation', 'other', 'indirect'] -%}
        case when {{ part }}_fen <> 0 then coalesce({{ share_of(part ~ '_fen', 'weight', 'whole') }}, 0) else 0 end as {{ part }}_fen,
        {% endfor -%}
        case when weight_kind = 'equivalent' then {{ share_of('total_fen', 'amount_fen', 'revenue_fen') }} end as ratio_check_fen
    from weighted
)

select
    period,
    member_id,
    encounter_id,
    cast(sum(amount_fen) as bigint) as charge_fen,
    {% for part in ['drug', 'consumable', 'labour', 'depreciation', 'other', 'indirect'] -%}
    cast(sum({{ part }}_fen) as bigint) as {{ part }}_fen,
    {% endfor -%}
    cast(sum(drug_fen + consumable_fen + labour_fen + depreciation_fen + other_fen + indirect_fen) as bigint) as total_fen,
    cast(sum(coalesce(
        ratio_check_fen, drug_fen + consumable_fen + labour_fen + depreciation_fen + other_fen + indirect_fen
    )) as bigint) as ratio_check_fen,
    cast(sum(case pool_code when 'DRUG' then drug_fen when 'MATERIAL' then consumable_fen else 0 end) as bigint) as charged_goods_fen
from shared
group by period, member_id, encounter_id
