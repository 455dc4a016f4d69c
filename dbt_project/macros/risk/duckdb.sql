{# What the risk macros need said DuckDB's way; twins in spark.sql of this folder. #}

{% macro duckdb__has_prefix_of(code, prefixes) -%}
    list_bool_or(list_transform(string_split({{ prefixes }}, '|'), lambda prefix: starts_with({{ code }}, trim(prefix))))
{%- endmacro %}

{% macro duckdb__minute_of(moment) -%}
    (epoch_ms({{ moment }}) // 60000)
{%- endmacro %}

{% macro duckdb__key_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{% macro duckdb__plain(number) -%}
    regexp_replace(regexp_replace(cast({{ number }} as varchar), '(\.[0-9]*[1-9])0+$', '\1'), '\.0+$', '')
{%- endmacro %}

{% macro duckdb__text_list(expression) -%}
    list_sort(coalesce(list(distinct {{ expression }}) filter ({{ expression }} is not null), cast([] as varchar[])))
{%- endmacro %}

{% macro duckdb__hour_add(moment, hours) -%}
    (cast({{ moment }} as timestamp) + to_hours(cast({{ hours }} as integer)))
{%- endmacro %}

{% macro duckdb__joined(list) -%}
    array_to_string({{ list }}, ',')
{%- endmacro %}
