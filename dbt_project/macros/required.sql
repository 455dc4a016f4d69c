{# `value`, or an error that names what is missing; `name` is a SQL text expression, e.g. "'policy levy_rate of ' || member_id". #}
{% macro required(value, name) -%}{{ return(adapter.dispatch('required')(value, name)) }}{%- endmacro %}
