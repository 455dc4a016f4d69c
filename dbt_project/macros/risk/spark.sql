{# The same for Spark SQL 4. #}

{% macro spark__has_prefix_of(code, prefixes) -%}
    exists(split({{ prefixes }}, '[|]'), prefix -> startswith({{ code }}, trim(prefix)))
{%- endmacro %}

{% macro spark__minute_of(moment) -%}
    (unix_timestamp({{ moment }}) div 60)
{%- endmacro %}

{% macro spark__key_hash(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}

{% macro spark__plain(number) -%}
    regexp_replace(regexp_replace(cast({{ number }} as string), '(\\.[0-9]*[1-9])0+$', '$1'), '\\.0+$', '')
{%- endmacro %}

{% macro spark__text_list(expression) -%}
    array_sort(array_distinct(collect_list({{ expression }})))
{%- endmacro %}

{% macro spark__hour_add(moment, hours) -%}
    (cast({{ moment }} as timestamp) + make_interval(0, 0, 0, 0, {{ hours }}))
{%- endmacro %}

{% macro spark__joined(list) -%}
    array_join({{ list }}, ',')
{%- endmacro %}
