{# One row per part of a separated cell (reference data separates lists by '|'). Stands alone in a select list. #}
{% macro split_rows(expression, separator='|') -%}
    {{ return(adapter.dispatch('split_rows')(expression, separator)) }}
{%- endmacro %}

{# True where `expression` starts with one of the literal prefixes. #}
{% macro starts_with_any(expression, prefixes) -%}
    ({% for prefix in prefixes %}{{ expression }} like '{{ prefix }}%'{{ ' or ' if not loop.last }}{% endfor %})
{%- endmacro %}

{# 64-bit hash of columns: to find candidates cheaply, never to decide (the exact key does). #}
{% macro row_hash(columns) -%}
    {{ return(adapter.dispatch('row_hash')(columns)) }}
{%- endmacro %}

{# Behind `with <name> as`: the engine computes these rows at each use instead of keeping them, where keeping costs more memory than a scan. #}
{% macro read_again() -%}
    {{ return(adapter.dispatch('read_again')()) }}
{%- endmacro %}

{# A column that reference data may leave out (the fixed columns are a minimum): the column, or NULL where the file has none. #}
{% macro optional_column(relation, column, alias=none, type=none) -%}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- for each in adapter.get_columns_in_relation(relation) if each.name | lower == column -%}
            {%- do found.append(each.name) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if found -%}{{ alias ~ '.' if alias else '' }}{{ column }}{%- else -%}cast(null as {{ type or dbt.type_string() }}){%- endif -%}
{%- endmacro %}

{# Whether the whole text matches a regular expression. #}
{% macro matches(expression, pattern) -%}
    {{ return(adapter.dispatch('matches')(expression, pattern)) }}
{%- endmacro %}
