{#
  Integer division of DuckDB drops the fraction towards zero, and is dear in 128 bits. So the nearest double is asked first: below
  10^11 it errs by less than 0.0001, and where it is farther than that from a half it can round to one whole number only.
  What is closer goes the exact way; no double ever becomes an amount.
#}
{% macro duckdb__share_of(pool, weight, total) -%}
    {%- set near -%}(cast({{ pool }} as double) * ({{ weight }}) / nullif({{ total }}, 0)){%- endset -%}
    case
        when abs({{ near }}) < 1e11 and abs({{ near }} - floor({{ near }}) - 0.5) > 1e-4 then cast(round({{ near }}) as bigint)
        else cast((
            2 * cast({{ pool }} as hugeint) * ({{ weight }})
            + sign({{ pool }}) * sign({{ weight }}) * sign({{ total }}) * ({{ total }})
        ) // nullif(2 * cast({{ total }} as hugeint), 0) as bigint)
    end
{%- endmacro %}

{% macro duckdb__wide(number) -%}
    cast({{ number }} as hugeint)
{%- endmacro %}
