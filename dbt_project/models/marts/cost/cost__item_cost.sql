-- One row per period, member, executing department and service item: what it costs there, by cost equivalents (成本当量法)
-- where they cover the department, by revenue else (domain 1.9). Drugs and consumables charged by themselves aren't items.
-- Volume x unit cost over a department's items = its service pool: total_cost adds up to it to the fen, unit_cost is exact.
-- unit_cost_low and unit_cost_high: the same item by the other ways of cost.item_cost_method, to see how far they lie apart.
with spread as (
    select
        period,
        member_id,
        executing_dept,
        item_code,
        min(cost_fen) as low_fen,
        max(cost_fen) as high_fen
    from {{ ref('int_cost__item_method') }}
    group by period, member_id, executing_dept, item_code
),

costed as (
    select
        methods.*,
        volumes.equivalent,
        volumes.volume,
        volumes.revenue,
        spread.low_fen,
        spread.high_fen,
        sum(methods.cost_fen) over (partition by methods.period, methods.member_id, methods.item_code) as member_cost_fen,
        sum(volumes.volume) over (partition by methods.period, methods.member_id, methods.item_code) as member_volume
    from {{ ref('int_cost__item_method') }} as methods
    inner join {{ ref('int_cost__item_volume') }} as volumes
        on methods.period = volumes.period
        and methods.member_id = volumes.member_id
        and methods.executing_dept = volumes.executing_dept
        and methods.item_code = volumes.item_code
    inner join spread
        on methods.period = spread.period
        and methods.member_id = spread.member_id
        and methods.executing_dept = spread.executing_dept
        and methods.item_code = spread.item_code
    where methods.is_published
)

select
    costed.period,
    costed.member_id,
    members.name as member_name,
    costed.executing_dept,
    departments.dept_name as executing_dept_name,
    costed.item_code,
    items.item_name,
    costed.method,
    {{ item_method_name('costed.method') }} as method_name,
    costed.equivalent,
    cast(costed.volume as decimal(18, 4)) as volume,
    {{ money('costed.revenue') }} as revenue,
    {{ price_per('costed.revenue', 'costed.volume') }} as unit_price,
    {{ from_fen('costed.cost_fen') }} as total_cost,
    case when costed.volume <> 0 then cast(
        cast({{ share_of(
            'costed.pool_fen * 100',
            'costed.weight * ' ~ wide('10000'),
            'costed.weight_total * ' ~ wide('costed.volume * 10000')
        ) }} as decimal(18, 0)) * cast(0.0001 as decimal(5, 4)) as decimal(18, 4))
    end as unit_cost,
    {{ price_per(from_fen('costed.low_fen'), 'costed.volume') }} as unit_cost_low,
    {{ price_per(from_fen('costed.high_fen'), 'costed.volume') }} as unit_cost_high,
    {{ price_per(from_fen('costed.member_cost_fen'), 'costed.member_volume') }} as member_unit_cost,
    {{ money('costed.revenue - ' ~ from_fen('costed.cost_fen')) }} as margin
from costed
left join {{ ref('core__member') }} as members on costed.member_id = members.member_id
left join {{ ref('core__item') }} as items on costed.item_code = items.item_code
left join {{ ref('core__department') }} as departments
    on costed.period = departments.period
    and costed.member_id = departments.member_id
    and costed.executing_dept = departments.dept_code
