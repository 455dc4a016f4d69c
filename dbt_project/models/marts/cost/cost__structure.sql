-- One row per period, member and cost element: its share of the member's cost, beside the range that the rules name for its
-- level and beside its peers (S1-COST-16, S5-COST-04, S5-FIN-09). Scope 医疗成本; total-only members included, since no department is needed.
-- Ranges are policy of primary institutions: labour (S4-COST-01), drugs and consumables together (S4-COST-03), operations
-- (S4-COST-05); village clinics are primary. status within, below or above; NULL where no range is named.
{%- set ranges = [
    ('labour', 'labour', 'labour_cost_share'),
    ('drug', 'drug_and_consumable', 'material_cost_share'),
    ('consumable', 'drug_and_consumable', 'material_cost_share'),
    ('other', 'other', 'operations_cost_share'),
] %}
{%- set parameters = [] %}
{%- for _, _, parameter in ranges %}
{%- do parameters.extend([parameter ~ '_min', parameter ~ '_max']) if parameter ~ '_min' not in parameters %}
{%- endfor %}
with policy as (
    select * from {{ policy_in_force(parameters, optional=parameters) }}
),

amounts as (
    select
        expenses.period,
        expenses.member_id,
        members.name as member_name,
        members.level,
        expenses.cost_element,
        {{ money('sum(expenses.amount)') }} as amount
    from {{ ref('int_cost__expense') }} as expenses
    inner join {{ ref('core__member') }} as members on expenses.member_id = members.member_id
    where expenses.cost_layer = 'medical'
    group by expenses.period, expenses.member_id, members.name, members.level, expenses.cost_element
),

benchmarks as (
    {% for element, benchmark_group, parameter in ranges -%}
    select
        period,
        member_id,
        '{{ element }}' as cost_element,
        '{{ benchmark_group }}' as benchmark_group,
        {{ parameter }}_min as benchmark_low,
        {{ parameter }}_max as benchmark_high
    from policy
    where {{ parameter }}_min is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

shares as (
    select
        amounts.*,
        benchmarks.benchmark_group,
        benchmarks.benchmark_low,
        benchmarks.benchmark_high,
        {{ money('sum(amounts.amount) over (partition by amounts.period, amounts.member_id)') }} as total_amount,
        {{ money('sum(amounts.amount) over (
            partition by amounts.period, amounts.member_id, coalesce(benchmarks.benchmark_group, amounts.cost_element)
        )') }} as group_amount,
        {{ money('sum(amounts.amount) over (partition by amounts.period, amounts.level, amounts.cost_element)') }} as peer_amount,
        {{ money('sum(amounts.amount) over (partition by amounts.period, amounts.level)') }} as peer_total
    from amounts
    left join benchmarks
        on amounts.period = benchmarks.period
        and amounts.member_id = benchmarks.member_id
        and amounts.cost_element = benchmarks.cost_element
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
    {{ ratio('peer_amount', 'peer_total') }} as peer_share,
    benchmark_group,
    group_share,
    benchmark_low,
    benchmark_high,
    case
        when group_share < benchmark_low then 'below'
        when group_share > benchmark_high then 'above'
        when benchmark_low is not null and group_share is not null then 'within'
    end as status
from judged
