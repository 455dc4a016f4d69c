{#
  Measures of the KPI model: long rows [period, member_id, dept_code, measure, amount]. dept_code is empty where a measure
  belongs to the member as a whole. Every measure is a sum, so members and the consortium follow by adding.
#}

{# One select per measure of a wide relation, its rows told apart by `by`; rows without a value are left out, never made 0. #}
{% macro long_measures(relation, measures, has_department=true, by='dept_code') -%}
    {%- for measure in measures %}
    select
        period,
        member_id,
        {{ by if has_department else 'cast(null as varchar)' }} as {{ by }},
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

{# Cases that could be judged and what was found among them (S2-RISK-16, S2-RISK-17), of a group of int_risk__judged_case. #}
{% macro judged_sums() -%}
        sum(case when is_evidenced then 1 end) as evidenced_cases,
        sum(case when is_evidenced then is_upcoded end) as upcoded_cases,
        sum(case when is_watched then 1 end) as watched_cases,
        sum(case when is_watched then is_split end) as split_admissions
{%- endmacro %}

{# Drug lines that R51 found, by `dept_code` or `doctor_id` of the case (S2-RISK-18). #}
{% macro off_label_lines(by) -%}
    select cases.period, cases.member_id, cases.{{ by }}, count(*) as off_label_lines
    from {{ ref('int_risk__hit') }} as hits
    inner join {{ ref('int_risk__case') }} as cases
        on hits.member_id = cases.member_id and hits.encounter_id = cases.encounter_id
    where hits.rule_code = 'R51'
    group by cases.period, cases.member_id, cases.{{ by }}
{%- endmacro %}
