{#
  What every violation rule uses. A rule is one model int_risk__<rule>.sql of hits in the columns of `hit_columns()`;
  its facts (names, severity, validity, deadline) are rows of seeds/risk_rules.csv and never repeated in SQL.
#}

{# Columns of a rule model, in order; int_risk__hit unions them by position. #}
{% macro hit_columns() -%}
    {{ return(['rule_code', 'member_id', 'encounter_id', 'subject', 'charge_id', 'evidence_on', 'amount_at_risk',
               'is_certain', 'evidence']) }}
{%- endmacro %}

{# Sub-select [period, p1, p2 …]: a rule's parameters in force on each period's last day; a missing one is an error. #}
{% macro rule_parameters(rule_code, parameters) -%}
    (
        select
            period,
            {%- for parameter in parameters %}
            {{ required(
                "max(case when parameter = '" ~ parameter ~ "' then value end)",
                "'risk_rule_parameters " ~ rule_code ~ " " ~ parameter ~ " of ' || period"
            ) }} as {{ parameter }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ ref('int_risk__rule_parameter') }}
        where rule_code = '{{ rule_code }}'
        group by period
    )
{%- endmacro %}

{# TRUE where `code` starts with one of the '|'-separated prefixes of a reference cell. #}
{% macro has_prefix_of(code, prefixes) -%}
    {{ return(adapter.dispatch('has_prefix_of')(code, prefixes)) }}
{%- endmacro %}

{# TRUE where two moments lie in the same window of a pair: visit, day, hour, 6h or days:<n>. #}
{% macro in_same_window(window, one, other) -%}
    case
        when {{ window }} = 'visit' then {{ one }}.encounter_id = {{ other }}.encounter_id
        when {{ window }} = 'day' then {{ one }}.charged_on = {{ other }}.charged_on
        when {{ window }} = 'hour' then abs({{ one }}.charged_minute - {{ other }}.charged_minute) < 60
        when {{ window }} = '6h' then abs({{ one }}.charged_minute - {{ other }}.charged_minute) < 360
        else abs({{ days_between(one ~ '.charged_on', other ~ '.charged_on') }}) < {{ window_days(window) }}
    end
{%- endmacro %}

{# Days of a window `days:<n>`; NULL for the others. #}
{% macro window_days(window) -%}
    case when {{ window }} like 'days:%' then cast(substr({{ window }}, 6) as integer) end
{%- endmacro %}

{# Minutes since 1970, for windows of hours. #}
{% macro minute_of(moment) -%}{{ return(adapter.dispatch('minute_of')(moment)) }}{%- endmacro %}


{# Amount or quantity as text without trailing zeros, for evidence sentences. #}
{% macro plain(number) -%}{{ return(adapter.dispatch('plain')(number)) }}{%- endmacro %}

{# Ordered list of the distinct texts of a group, NULLs left out: the one place where a list leaves SQL. #}
{% macro text_list(expression) -%}{{ return(adapter.dispatch('text_list')(expression)) }}{%- endmacro %}

{# `moment` plus whole hours. #}
{% macro hour_add(moment, hours) -%}{{ return(adapter.dispatch('hour_add')(moment, hours)) }}{%- endmacro %}

{# Texts of a list joined by commas. #}
{% macro joined(list) -%}{{ return(adapter.dispatch('joined')(list)) }}{%- endmacro %}


{# The clock of the run, local time: CONSORTIUM_NOW, else the machine's. #}
{% macro run_clock() -%}
    {%- set given = env_var('CONSORTIUM_NOW', '') -%}
    {%- set china = modules.pytz.timezone('Asia/Shanghai') -%}
    cast('{{ given[:19].replace("T", " ") if given else run_started_at.astimezone(china).strftime("%Y-%m-%d %H:%M:%S") }}' as timestamp)
{%- endmacro %}
