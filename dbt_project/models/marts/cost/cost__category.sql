-- One row per period, member and cost category: 医疗, 公卫, 管理, 科教 (S1-COST-02, S5-COST-01) and its share of the cost, all fund
-- sources, so that public health isn't lost behind medicine. A member that did public-health work and booked no cost of it has a
-- row that says so (S5-COST-10).
with booked as (
    select
        period,
        member_id,
        coalesce(cost_category, 'medical') as cost_category,
        {{ money('sum(amount)') }} as amount
    from {{ ref('ledger__entry') }}
    where not is_closing and {{ starts_with_any('account_code', ['5001', '5101']) }}
    group by period, member_id, coalesce(cost_category, 'medical')
),

working as (
    select
        period,
        member_id,
        'public_health' as cost_category
    from {{ ref('stg_public_health') }}
    group by period, member_id
    having sum(done_qty) > 0
),

together as (
    select
        period,
        member_id,
        cost_category,
        coalesce(booked.amount, {{ money('0') }}) as amount,
        working.member_id is not null as has_activity
    from booked
    full join working using (period, member_id, cost_category)
)

select
    together.period,
    together.member_id,
    members.name as member_name,
    together.cost_category,
    case together.cost_category
        when 'medical' then '医疗成本'
        when 'public_health' then '公卫成本'
        when 'management' then '管理成本'
        when 'research_teaching' then '科教成本'
    end as cost_category_name,
    together.amount,
    {{ ratio('together.amount', 'sum(together.amount) over (partition by together.period, together.member_id)') }} as share,
    together.has_activity and together.amount = 0 as is_activity_without_cost
from together
left join {{ ref('core__member') }} as members on together.member_id = members.member_id
