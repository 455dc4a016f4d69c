{#
  Measures of the KPI model: long rows [period, member_id, dept_code, measure, amount]. dept_code is empty where a measure
  belongs to the member as a whole. Every measure is a sum, so members and the consortium follow by adding.
#}

{# One select per measure of a wide relation; rows without a value are left out, never made 0. #}
{% macro long_measures(relation, measures, has_department=true) -%}
    {%- for measure in measures %}
    select
        period,
        member_id,
        {{ 'dept_code' if has_department else 'cast(null as varchar)' }} as dept_code,
        cast('{{ measure }}' as varchar) as measure,
        cast({{ measure }} as decimal(18, 4)) as amount
    from {{ relation }}
    where {{ measure }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# Departments, members and the consortium, each the sum of what stands below; `relation` holds long measures. #}
{% macro rolled_up(relation) -%}
    select
        period,
        'department' as entity_level,
        member_id || ':' || dept_code as entity_id,
        member_id,
        dept_code,
        measure,
        cast(sum(amount) as decimal(18, 4)) as amount
    from {{ relation }}
    where dept_code is not null
    group by period, member_id, dept_code, measure

    union all

    select
        period,
        'member' as entity_level,
        member_id as entity_id,
        member_id,
        cast(null as varchar) as dept_code,
        measure,
        cast(sum(amount) as decimal(18, 4)) as amount
    from {{ relation }}
    group by period, member_id, measure

    union all

    select
        period,
        'consortium' as entity_level,
        'consortium' as entity_id,
        cast(null as varchar) as member_id,
        cast(null as varchar) as dept_code,
        measure,
        cast(sum(amount) as decimal(18, 4)) as amount
    from {{ relation }}
    group by period, measure
{%- endmacro %}
