{# What the risk macros need said DuckDB's way; twins in spark.sql of this folder. #}

{% macro duckdb__has_prefix_of(code, prefixes) -%}
    list_bool_or(list_transform(string_split({{ prefixes }}, '|'), lambda prefix: starts_with({{ code }}, trim(prefix))))
{%- endmacro %}

{% macro duckdb__minute_of(moment) -%}
    (epoch_ms({{ moment }}) // 60000)
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

{% macro duckdb__mean_growth(n, d, n0, d0) -%}
    {%- set whole = [] -%}
    {%- for part in [n, d, n0, d0] -%}
        {%- do whole.append('cast(cast(' ~ part ~ ' as decimal(38, 4)) * 10000 as hugeint)') -%}
    {%- endfor -%}
    {%- set top = '(' ~ whole[0] ~ ' * ' ~ whole[3] ~ ' - ' ~ whole[2] ~ ' * ' ~ whole[1] ~ ')' -%}
    {%- set bottom = '(' ~ whole[2] ~ ' * ' ~ whole[1] ~ ')' -%}
    cast(
        cast(
            case when {{ bottom }} <> 0 then
                sign({{ top }}) * sign({{ bottom }}) * ((abs({{ top }}) * 2000000 + abs({{ bottom }})) // (abs({{ bottom }}) * 2))
            end as decimal(38, 0)
        ) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)
    )
{%- endmacro %}

{% macro duckdb__files_like(path) -%}
    select file from glob('{{ path | replace("'", "''") }}')
{%- endmacro %}

{% macro duckdb__rows_of_parquet(path) -%}
    read_parquet('{{ path | replace("'", "''") }}')
{%- endmacro %}

{% macro duckdb__name_likeness(one, other) -%}
    {%- set a, b = "list_distinct(string_split(" ~ one ~ ", ''))", "list_distinct(string_split(" ~ other ~ ", ''))" -%}
    {{ ratio('2 * len(list_intersect(' ~ a ~ ', ' ~ b ~ '))', '(len(' ~ a ~ ') + len(' ~ b ~ '))') }}
{%- endmacro %}
