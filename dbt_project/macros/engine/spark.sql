{# The same macros for Spark SQL 4 (ANSI mode). Decimals divide exactly there, but double rounding has to be avoided. #}

{% macro spark__exact_quotient(a, b, scale) -%}
    {%- set num = 'abs(cast(cast(' ~ a ~ ' as decimal(38, 10)) * 10000000000BD as decimal(38, 0)))' -%}
    {%- set den = 'abs(cast(cast(' ~ b ~ ' as decimal(38, 10)) * 10000000000BD as decimal(38, 0)))' -%}
    {%- set top = 'cast(' ~ num ~ ' * ' ~ (2 * 10 ** scale) ~ 'BD + ' ~ den ~ ' as decimal(38, 0))' -%}
    {%- set bottom = 'cast(' ~ den ~ ' * 2 as decimal(38, 0))' -%}
    case when cast({{ b }} as decimal(38, 10)) <> 0 then
        cast(
            sign({{ a }}) * sign({{ b }})
            * cast(({{ top }} - {{ top }} % {{ bottom }}) / {{ bottom }} as decimal(38, 0))
            * cast({{ '0.' ~ '0' * (scale - 1) ~ '1' }} as decimal({{ scale + 1 }}, {{ scale }}))
        as decimal(18, {{ scale }}))
    end
{%- endmacro %}

{% macro spark__month_of(moment) -%}
    date_format({{ moment }}, 'yyyy-MM')
{%- endmacro %}

{% macro spark__month_start(period) -%}
    cast(({{ period }}) || '-01' as date)
{%- endmacro %}

{% macro spark__month_end(period) -%}
    last_day(cast(({{ period }}) || '-01' as date))
{%- endmacro %}

{% macro spark__month_add(period, months) -%}
    date_format(add_months(cast(({{ period }}) || '-01' as date), {{ months }}), 'yyyy-MM')
{%- endmacro %}

{% macro spark__days_between(earlier, later) -%}
    datediff(cast({{ later }} as date), cast({{ earlier }} as date))
{%- endmacro %}

{% macro spark__day_add(day, days) -%}
    date_add(cast({{ day }} as date), cast({{ days }} as int))
{%- endmacro %}

{% macro spark__required(value, name) -%}
    coalesce({{ value }}, raise_error({{ name }} || ' is missing: add a row that is in force to the reference data'))
{%- endmacro %}

{% macro spark__split_rows(expression, separator) -%}
    explode(split({{ expression }}, '[{{ separator }}]'))
{%- endmacro %}

{% macro spark__row_hash(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}

{# Spark never keeps the rows of a common table expression by itself. #}
{% macro spark__read_again() -%}
{%- endmacro %}

{% macro spark__matches(expression, pattern) -%}
    ({{ expression }} rlike '^({{ pattern }})$')
{%- endmacro %}
