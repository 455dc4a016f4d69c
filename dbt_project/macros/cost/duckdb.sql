{# Integer division of DuckDB drops the fraction towards zero. #}
{% macro duckdb__share_of(pool, weight, total) -%}
    cast((
        2 * cast({{ pool }} as hugeint) * ({{ weight }})
        + sign({{ pool }}) * sign({{ weight }}) * sign({{ total }}) * ({{ total }})
    ) // nullif(2 * cast({{ total }} as hugeint), 0) as bigint)
{%- endmacro %}
