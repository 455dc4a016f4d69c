{# The same for Spark SQL 4. #}

{% macro spark__has_prefix_of(code, prefixes) -%}
    exists(split({{ prefixes }}, '[|]'), prefix -> startswith({{ code }}, trim(prefix)))
{%- endmacro %}

{% macro spark__minute_of(moment) -%}
    (unix_timestamp({{ moment }}) div 60)
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

{% macro spark__mean_growth(n, d, n0, d0) -%}
    {%- set whole = [] -%}
    {%- for part in [n, d, n0, d0] -%}
        {%- do whole.append('cast(' ~ part ~ ' * 10000 as decimal(19, 0))') -%}
    {%- endfor -%}
    {%- set top = 'cast(' ~ whole[0] ~ ' * ' ~ whole[3] ~ ' - ' ~ whole[2] ~ ' * ' ~ whole[1] ~ ' as decimal(38, 0))' -%}
    {%- set bottom = 'cast(' ~ whole[2] ~ ' * ' ~ whole[1] ~ ' as decimal(38, 0))' -%}
    {%- set scaled = 'cast(abs(' ~ top ~ ') * 2000000BD + abs(' ~ bottom ~ ') as decimal(38, 0))' -%}
    {%- set twice = 'cast(abs(' ~ bottom ~ ') * 2 as decimal(38, 0))' -%}
    case when {{ bottom }} <> 0 then
        cast(
            sign({{ top }}) * sign({{ bottom }}) * cast(({{ scaled }} - {{ scaled }} % {{ twice }}) / {{ twice }} as decimal(38, 0))
            * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)
        )
    end
{%- endmacro %}

{# Spark SQL lists no folder: nothing is remembered, a finding's day is that of its delivery. #}
{% macro spark__files_like(path) -%}
    select cast(null as string) as path where 1 = 0
{%- endmacro %}

{% macro spark__rows_of_parquet(path) -%}
    parquet.`{{ path }}`
{%- endmacro %}

{% macro spark__name_likeness(one, other) -%}
    {%- set a, b = "array_distinct(split(" ~ one ~ ", ''))", "array_distinct(split(" ~ other ~ ", ''))" -%}
    {{ ratio('2 * size(array_intersect(' ~ a ~ ', ' ~ b ~ '))', '(size(' ~ a ~ ') + size(' ~ b ~ '))') }}
{%- endmacro %}
