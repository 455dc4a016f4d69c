{# Periods are text YYYY-MM; days are dates. #}

{# Period of a date or timestamp. #}
{% macro month_of(moment) -%}{{ return(adapter.dispatch('month_of')(moment)) }}{%- endmacro %}

{# First and last day of a period. #}
{% macro month_start(period) -%}{{ return(adapter.dispatch('month_start')(period)) }}{%- endmacro %}
{% macro month_end(period) -%}{{ return(adapter.dispatch('month_end')(period)) }}{%- endmacro %}

{# The period `months` later (or earlier, negative). #}
{% macro month_add(period, months) -%}{{ return(adapter.dispatch('month_add')(period, months)) }}{%- endmacro %}

{# Whole days from the first date to the second, integer. #}
{% macro days_between(earlier, later) -%}{{ return(adapter.dispatch('days_between')(earlier, later)) }}{%- endmacro %}

{# The date `days` later. #}
{% macro day_add(day, days) -%}{{ return(adapter.dispatch('day_add')(day, days)) }}{%- endmacro %}
