{# Spark divides decimals with a fraction: the remainder is taken off first, so that the quotient is whole. #}
{% macro spark__share_of(pool, weight, total) -%}
    {%- set top -%}
        (2BD * cast({{ pool }} as decimal(20, 0)) * cast({{ weight }} as decimal(17, 0))
        + sign({{ pool }}) * sign({{ weight }}) * sign({{ total }}) * cast({{ total }} as decimal(20, 0)))
    {%- endset -%}
    {%- set bottom -%} nullif(2BD * cast({{ total }} as decimal(20, 0)), 0) {%- endset -%}
    cast(({{ top }} - {{ top }} % {{ bottom }}) / {{ bottom }} as bigint)
{%- endmacro %}

{% macro spark__wide(number) -%}
    cast({{ number }} as decimal(38, 0))
{%- endmacro %}
