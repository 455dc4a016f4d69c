{# What only DuckDB says this way. Every macro here has its spark__ twin in spark.sql. #}

{% macro duckdb__as_integer(expression) -%}
    cast(cast({{ expression }} as decimal(38, 10)) * 10000000000 as hugeint)
{%- endmacro %}

{% macro duckdb__exact_quotient(a, b, scale) -%}
    {%- set a = duckdb__as_integer(a) -%}
    {%- set b = duckdb__as_integer(b) -%}
    cast(
        cast(
            case when {{ b }} <> 0 then
                (sign({{ a }}) * sign({{ b }}))
                * ((abs({{ a }}) * {{ 2 * 10 ** scale }} + abs({{ b }})) // (abs({{ b }}) * 2))
            end as decimal(38, 0)
        ) * cast({{ '0.' ~ '0' * (scale - 1) ~ '1' }} as decimal({{ scale + 1 }}, {{ scale }})) as decimal(18, {{ scale }})
    )
{%- endmacro %}

{% macro duckdb__month_of(moment) -%}
    strftime(cast({{ moment }} as date), '%Y-%m')
{%- endmacro %}

{% macro duckdb__month_start(period) -%}
    cast(({{ period }}) || '-01' as date)
{%- endmacro %}

{% macro duckdb__month_end(period) -%}
    last_day(cast(({{ period }}) || '-01' as date))
{%- endmacro %}

{% macro duckdb__month_add(period, months) -%}
    strftime(cast(({{ period }}) || '-01' as date) + to_months(cast({{ months }} as integer)), '%Y-%m')
{%- endmacro %}

{% macro duckdb__days_between(earlier, later) -%}
    date_diff('day', cast({{ earlier }} as date), cast({{ later }} as date))
{%- endmacro %}

{% macro duckdb__day_add(day, days) -%}
    (cast({{ day }} as date) + cast({{ days }} as integer))
{%- endmacro %}

{% macro duckdb__required(value, name) -%}
    coalesce({{ value }}, error({{ name }} || ' is missing: add a row that is in force to the reference data'))
{%- endmacro %}

{% macro duckdb__split_rows(expression, separator) -%}
    unnest(string_split({{ expression }}, '{{ separator }}'))
{%- endmacro %}

{% macro duckdb__row_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{% macro duckdb__read_again() -%}
    not materialized
{%- endmacro %}

{% macro duckdb__matches(expression, pattern) -%}
    regexp_full_match({{ expression }}, '{{ pattern }}')
{%- endmacro %}
