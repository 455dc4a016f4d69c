-- One row per period, member and cost element: its share of the member's cost, beside the range that the rules name for its
-- level. Scope 医疗成本; total-only members included, since no department is needed.
-- Ranges exist for primary institutions: labour 50-60 % (S4-COST-01), drugs and consumables together 30-40 % (S4-COST-03),
-- operations 5-10 % (S4-COST-05); village clinics are primary. status within, below or above; NULL where no range is named.
with amounts as (
    select
        expenses.period,
        expenses.member_id,
        members.name as member_name,
        members.level,
        expenses.cost_element,
        {{ money('sum(expenses.amount)') }} as amount
    from {{ ref('int_cost__expense') }} as expenses
    inner join {{ ref('core__member') }} as members on expenses.member_id = members.member_id
    where
        expenses.expense_kind = 'item'
        and expenses.fund_source in ('own', 'fiscal_basic')
    group by expenses.period, expenses.member_id, members.name, members.level, expenses.cost_element
),

ranges (cost_element, benchmark_group, benchmark_low, benchmark_high) as (
    values
    ('labour', 'labour', 0.50, 0.60),
    ('drug', 'drug_and_consumable', 0.30, 0.40),
    ('consumable', 'drug_and_consumable', 0.30, 0.40),
    ('other', 'other', 0.05, 0.10)
),

shares as (
    select
        amounts.*,
        ranges.benchmark_group,
        ranges.benchmark_low,
        ranges.benchmark_high,
        {{ money('sum(amounts.amount) over (partition by amounts.period, amounts.member_id)') }} as total_amount,
        {{ money('sum(amounts.amount) over (
            partition by amounts.period, amounts.member_id, coalesce(ranges.benchmark_group, amounts.cost_element)
        )') }} as group_amount
    from amounts
    left join ranges
        on amounts.cost_element = ranges.cost_element
        and amounts.level in ('primary', 'village')
),

judged as (
    select
        *,
        {{ ratio('amount', 'total_amount') }} as share,
        {{ ratio('group_amount', 'total_amount') }} as group_share
    from shares
)

select
    period,
    member_id,
    member_name,
    cost_element,
    {{ cost_element_name('cost_element') }} as cost_element_name,
    amount,
    share,
    benchmark_group,
    group_share,
    cast(benchmark_low as decimal(18, 6)) as benchmark_low,
    cast(benchmark_high as decimal(18, 6)) as benchmark_high,
    case
        when group_share < benchmark_low then 'below'
        when group_share > benchmark_high then 'above'
        when benchmark_low is not null and group_share is not null then 'within'
    end as status
from judged
