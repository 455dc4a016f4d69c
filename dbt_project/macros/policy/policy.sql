{#
  Policy numbers for a model: a sub-select to join on (period, member_id), or on (period, scope).
  Not here: the choice of the row in force (int_reference__policy) and the numbers (seeds/policy*.csv).
#}

{#
  Sub-select [period, member_id, one column per parameter]. A parameter that is not in force for a member in a month that
  was delivered is an error that names parameter, member and month (docs/policy.md).

  parameters: names; their columns are DECIMAL(18,6).
  text: names whose value is text (units text and level); their columns are VARCHAR.
  optional: those of the names that may be empty for some members (a rule that doesn't concern them); say
    `required(column, name)` where such a value is used.
#}
{% macro policy_in_force(parameters, text=[], optional=[]) -%}
    (
        select
            spine.period,
            spine.member_id
            {%- for name in parameters + text %}
            {%- set column = 'text_value' if name in text else 'value' %}
            {%- set found = "max(case when policy.parameter = '" ~ name ~ "' then policy." ~ column ~ " end)" %}
            {%- set missing = "'policy parameter " ~ name ~ " of member ' || spine.member_id || ' in ' || spine.period" %}
            {%- if name in optional %},
            {{ found }} as {{ name }}
            {%- else %},
            case when spine.is_delivered then {{ required(found, missing) }} else {{ found }} end as {{ name }}
            {%- endif %}
            {%- endfor %}
        from (
            select periods.period, periods.is_delivered, members.member_id
            from {{ ref('int_reference__period') }} as periods
            cross join {{ ref('members') }} as members
        ) as spine
        left join {{ ref('int_reference__policy') }} as policy
            on spine.period = policy.period
            and spine.member_id = policy.member_id
            and policy.parameter in ({% for name in parameters + text %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor %})
        group by spine.period, spine.member_id, spine.is_delivered
    )
{%- endmacro %}

{# Sub-select [period, scope, one column per parameter] of the rows set for a 'department' or a 'drg'; empty where none is set. #}
{% macro policy_of_scope(parameters, scope_kind) -%}
    (
        select
            policy.period,
            policy.scope
            {%- for name in parameters %},
            max(case when policy.parameter = '{{ name }}' then policy.value end) as {{ name }}
            {%- endfor %}
        from {{ ref('int_reference__policy') }} as policy
        where policy.scope_kind = '{{ scope_kind }}'
            and policy.parameter in ({% for name in parameters %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor %})
        group by policy.period, policy.scope
    )
{%- endmacro %}
