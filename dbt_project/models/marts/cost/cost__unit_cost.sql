-- One row per period, member, clinical department and unit: cost of a visit (诊次成本) and of an occupied bed day
-- (实际占用床日成本), domain 1.7, in the scopes 医疗成本, 医疗全成本 and 医院全成本, each with and without drugs and what is charged
-- by itself.
{%- set scopes = ['medical', 'medical_full', 'hospital_full'] %}
with units as (
    {% for unit, volume, part in service_units() -%}
    select
        period,
        member_id,
        dept_code,
        dept_name,
        '{{ unit }}' as unit,
        {{ volume }} as volume,
        {% for scope in scopes -%}
        {% for kind in ['full', 'material'] -%}
        {{ share_of(scope ~ '_' ~ kind ~ '_fen', part, 'whole') }} as {{ scope }}_{{ kind }}_fen,
        {% endfor -%}
        {% endfor -%}
        is_split
    from {{ ref('int_cost__clinical_unit') }} as units
    where {{ volume }} > 0
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
    cast(units.volume as bigint) as volume,
    units.is_split,
    {% for scope in scopes -%}
    {%- set prefix = '' if scope == 'medical' else scope ~ '_' -%}
    {{ from_fen('units.' ~ scope ~ '_full_fen') }} as {{ prefix }}total_cost,
    {{ money_per(from_fen('units.' ~ scope ~ '_full_fen'), 'units.volume') }} as {{ prefix }}unit_cost,
    {{ money_per(from_fen('units.' ~ scope ~ '_full_fen - units.' ~ scope ~ '_material_fen'), 'units.volume') }}
        as {{ prefix }}unit_cost_without_materials,
    {{ money_per(
        from_fen('sum(units.' ~ scope ~ '_full_fen) over (partition by units.period, units.member_id, units.unit)'),
        'sum(units.volume) over (partition by units.period, units.member_id, units.unit)'
    ) }} as {{ prefix }}member_unit_cost{{ ',' if not loop.last }}
    {% endfor %}
from units
left join {{ ref('core__member') }} as members on units.member_id = members.member_id
