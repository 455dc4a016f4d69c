-- One row per period, member, clinical department, unit and cost element: what a visit or bed day consists of (诊次、床日成本构成,
-- domain 1.11), scope 医疗成本. Elements add up to total_cost of cost.unit_cost to the fen.
with elements as (
    select
        costs.period,
        costs.member_id,
        costs.dept_code,
        costs.cost_element,
        cast(sum(costs.full_fen) over so_far as bigint) as so_far_fen,
        costs.full_fen
    from {{ ref('int_cost__department_cost') }} as costs
    where costs.cost_layer = 'medical'
    window so_far as (
        partition by costs.period, costs.member_id, costs.dept_code order by costs.cost_element
        rows between unbounded preceding and current row
    )
),

units as (
    {% for unit, volume, part in service_units() -%}
    select
        units.period,
        units.member_id,
        units.dept_code,
        units.dept_name,
        '{{ unit }}' as unit,
        units.{{ volume }} as volume,
        elements.cost_element,
        {{ share_of('elements.so_far_fen', part, 'units.whole') }}
        - {{ share_of('(elements.so_far_fen - elements.full_fen)', part, 'units.whole') }} as cost_fen
    from {{ ref('int_cost__clinical_unit') }} as units
    inner join elements
        on units.period = elements.period
        and units.member_id = elements.member_id
        and units.dept_code = elements.dept_code
    where units.{{ volume }} > 0
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    units.period,
    units.member_id,
    members.name as member_name,
    units.dept_code,
    units.dept_name,
    units.unit,
    case units.unit when 'visit' then '诊次' else '床日' end as unit_name,
    units.cost_element,
    {{ cost_element_name('units.cost_element') }} as cost_element_name,
    {{ from_fen('units.cost_fen') }} as total_cost,
    {{ money_per(from_fen('units.cost_fen'), 'units.volume') }} as unit_cost,
    {{ ratio(
        from_fen('units.cost_fen'),
        from_fen('sum(units.cost_fen) over (partition by units.period, units.member_id, units.dept_code, units.unit)')
    ) }} as share
from units
left join {{ ref('core__member') }} as members on units.member_id = members.member_id
where units.cost_fen is not null
