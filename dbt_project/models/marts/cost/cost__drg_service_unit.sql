-- One row per period, member, DRG and service unit: what the group's cases took of each (服务单元叠加法, domain 1.10): the ward, the
-- theatre, the laboratory …, drugs, and materials charged by themselves. Over its units a group's cost adds up to that of its cases,
-- but for the rounding of single cases. (Where labour goes by hours of physicians, the units still show it by what was done.)
with weights as (
    select
        grouped.period,
        grouped.drg_code,
        charges.period as charged_in,
        charges.member_id,
        charges.pool_code,
        sum(charges.amount_fen) as amount_fen,
        sum(charges.points) as points
    from {{ ref('int_cost__case_charge') }} as charges
    inner join {{ ref('int_payment__case') }} as grouped
        on charges.member_id = grouped.member_id
        and charges.encounter_id = grouped.encounter_id
    group by grouped.period, grouped.drg_code, charges.period, charges.member_id, charges.pool_code
),

days as (
    select
        grouped.period,
        grouped.drg_code,
        stays.period as charged_in,
        stays.member_id,
        stays.pool_code,
        sum(stays.days) as days
    from {{ ref('int_cost__case_day') }} as stays
    inner join {{ ref('int_payment__case') }} as grouped
        on stays.member_id = grouped.member_id
        and stays.encounter_id = grouped.encounter_id
    group by grouped.period, grouped.drg_code, stays.period, stays.member_id, stays.pool_code
),

whole_days as (
    select period, member_id, pool_code, sum(days) as days
    from {{ ref('int_cost__case_day') }}
    group by period, member_id, pool_code
),

shared as (
    select
        weights.period,
        weights.member_id,
        weights.drg_code,
        weights.pool_code,
        {{ share_of(
            'pools.total_fen',
            "cast(case pools.weight_kind when 'equivalent' then weights.points else weights.amount_fen end as bigint)",
            'pools.weight_total'
        ) }} as cost_fen
    from weights
    inner join {{ ref('int_cost__pool') }} as pools
        on weights.charged_in = pools.period
        and weights.member_id = pools.member_id
        and weights.pool_code = pools.pool_code
        and pools.weight_kind in ('equivalent', 'charge')
    union all
    select
        days.period,
        days.member_id,
        days.drg_code,
        days.pool_code,
        {{ share_of('pools.total_fen', 'cast(days.days as bigint)', 'cast(whole_days.days as bigint)') }}
    from days
    inner join {{ ref('int_cost__pool') }} as pools
        on days.charged_in = pools.period
        and days.member_id = pools.member_id
        and days.pool_code = pools.pool_code
        and pools.weight_kind = 'day'
    inner join whole_days
        on days.charged_in = whole_days.period
        and days.member_id = whole_days.member_id
        and days.pool_code = whole_days.pool_code
),

units as (
    select period, member_id, drg_code, pool_code, sum(cost_fen) as cost_fen
    from shared
    where cost_fen <> 0
    group by period, member_id, drg_code, pool_code
),

groups as (
    select period, member_id, drg_code, max(drg_name) as drg_name, count(*) as cases
    from {{ ref('int_payment__case') }}
    group by period, member_id, drg_code
)

select
    units.period,
    units.member_id,
    members.name as member_name,
    units.drg_code,
    groups.drg_name,
    groups.cases,
    units.pool_code as service_unit,
    case units.pool_code when 'DRUG' then '药品' when 'MATERIAL' then '单独收费卫生材料' else departments.dept_name end
        as service_unit_name,
    {{ from_fen('units.cost_fen') }} as total_cost,
    {{ money_per(from_fen('units.cost_fen'), 'groups.cases') }} as cost_per_case,
    {{ ratio(
        from_fen('units.cost_fen'),
        from_fen('sum(units.cost_fen) over (partition by units.period, units.member_id, units.drg_code)')
    ) }} as share
from units
inner join groups
    on units.period = groups.period
    and units.member_id = groups.member_id
    and units.drg_code = groups.drg_code
left join {{ ref('core__member') }} as members on units.member_id = members.member_id
left join {{ ref('core__department') }} as departments
    on units.period = departments.period
    and units.member_id = departments.member_id
    and units.pool_code = departments.dept_code
