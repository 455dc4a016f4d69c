-- One row per period, member and department: how much of its consumables is charged by itself (可单独收费), in fen.
-- Without a mark-up what is charged is what it cost (domain 1.10): a department's consumables up to what it charged for
-- consumables; what was charged elsewhere (a central store) is taken from the rest, in proportion. The remainder, reagents
-- and the like, belongs to the department's services.
with costs as (
    select
        costs.period,
        costs.member_id,
        costs.dept_code,
        costs.consumable_fen,
        coalesce(charged.charged_fen, 0) as revenue_fen
    from {{ ref('int_cost__service_cost') }} as costs
    left join (
        select period, member_id, executing_dept, {{ to_fen('sum(amount)') }} as charged_fen
        from {{ ref('int_cost__charge_volume') }}
        where charge_class in ('consumable', 'high_value_consumable')
        group by period, member_id, executing_dept
    ) as charged
        on costs.period = charged.period
        and costs.member_id = charged.member_id
        and costs.dept_code = charged.executing_dept
),

revenues as (
    select period, member_id, revenue_fen
    from {{ ref('int_cost__service_volume') }}
    where pool_code = 'MATERIAL'
),

at_home as (
    select
        *,
        greatest(least(consumable_fen, revenue_fen), 0) as home_fen
    from costs
),

totals as (
    select
        period,
        member_id,
        sum(home_fen) as home_fen,
        sum(greatest(consumable_fen, 0) - home_fen) as rest_fen
    from at_home
    group by period, member_id
)

select
    at_home.period,
    at_home.member_id,
    at_home.dept_code,
    at_home.home_fen + coalesce({{ share_of(
        'greatest(at_home.consumable_fen, 0) - at_home.home_fen',
        'greatest(least(totals.rest_fen, coalesce(revenues.revenue_fen, 0) - totals.home_fen), 0)',
        'totals.rest_fen'
    ) }}, 0) as charged_fen
from at_home
inner join totals
    on at_home.period = totals.period
    and at_home.member_id = totals.member_id
left join revenues
    on at_home.period = revenues.period
    and at_home.member_id = revenues.member_id
