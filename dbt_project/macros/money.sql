{#
  Exact amounts and shares. No double and no bare `/` where money is: a decimal divided by anything is a double in
  DuckDB and an error on zero elsewhere. Division goes through integers and rounds half away from zero (四舍五入),
  negatives too. Operands may carry up to ten decimals and 16 digits before the point.
#}

{# Amount in yuan, DECIMAL(18,2), half-up. #}
{% macro money(expression) -%}
    cast({{ expression }} as decimal(18, 2))
{%- endmacro %}

{# Fraction a / b, DECIMAL(18,6), half-up; NULL where b is 0 or NULL (never 0). #}
{% macro ratio(a, b) -%}
    {{ exact_quotient(a, b, 6) }}
{%- endmacro %}

{# Amount a / b, DECIMAL(18,2), half-up; NULL where b is 0 or NULL (never 0). #}
{% macro money_per(a, b) -%}
    {{ exact_quotient(a, b, 2) }}
{%- endmacro %}

{# Unit price a / b, DECIMAL(18,4), half-up; NULL where b is 0 or NULL (never 0). #}
{% macro price_per(a, b) -%}
    {{ exact_quotient(a, b, 4) }}
{%- endmacro %}

{# a / b rounded half-up to `scale` decimals, as DECIMAL(18, scale): sign x floor((2|a| 10^scale + |b|) / 2|b|). #}
{% macro exact_quotient(a, b, scale) -%}
    {{ return(adapter.dispatch('exact_quotient')(a, b, scale)) }}
{%- endmacro %}
