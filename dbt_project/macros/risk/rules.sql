{#
  What every violation rule uses. A rule is one model int_risk__<rule>.sql of hits in the columns of `hit_columns()`;
  its facts (names, severity, validity, deadline) and parameters stand as meta in the description beside it and are never
  repeated in SQL. pipelines/risk/catalogue.py reads the same descriptions and holds them to their shape.
#}

{# Columns of a rule model, in order; int_risk__hit unions them by position. #}
{% macro hit_columns() -%}
    {{ return(['rule_code', 'member_id', 'encounter_id', 'subject', 'charge_id', 'evidence_on', 'amount_at_risk',
               'is_certain', 'evidence']) }}
{%- endmacro %}

{# The facts of a rule, typed, in the order of seeds/risk_rules.csv: cells of a rule are cast to these. #}
{% macro rule_facts() -%}
    {{ return({
        'rule_code': 'varchar', 'name_zh': 'varchar', 'name_en': 'varchar', 'rule_class': 'varchar', 'scene': 'varchar',
        'grain': 'varchar', 'review_window': 'varchar', 'exclusions': 'varchar', 'severity': 'varchar',
        'confidence': 'decimal(18, 6)', 'amount_rule': 'varchar', 'basis': 'varchar', 'legal_basis': 'varchar',
        'respond_within': 'integer', 'respond_unit': 'varchar', 'version': 'integer', 'valid_from': 'date', 'valid_to': 'date',
    }) }}
{%- endmacro %}

{# The models of the rules folder that are rules (meta `rule`), by name. #}
{% macro rule_models() -%}
    {%- set found = [] -%}
    {%- for node in (graph.nodes.values() if execute else []) if node.resource_type == 'model' and node.config.meta.rule -%}
        {%- do found.append(node) -%}
    {%- endfor -%}
    {{ return(found | sort(attribute='name')) }}
{%- endmacro %}

{# Every rule as its description states it: one select per rule and validity. #}
{% macro stated_rules() -%}
    {%- set rows = [] -%}
    {%- for model in rule_models() -%}
        {%- for validity in model.config.meta.rule -%}
            {%- do rows.append(stated_row(rule_facts(), validity)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ stated_rows(rule_facts(), rows) }}
{%- endmacro %}

{# Every parameter of a rule as its description states it: one select per rule, parameter and validity. #}
{% macro stated_parameters() -%}
    {%- set types = {
        'rule_code': 'varchar', 'parameter': 'varchar', 'value': 'decimal(18, 6)', 'valid_from': 'date', 'valid_to': 'date'
    } -%}
    {%- set rows = [] -%}
    {%- for model in rule_models() -%}
        {%- for validity in model.config.meta.get('parameters', []) -%}
            {%- do rows.append(stated_row(types, dict(validity, rule_code=model.config.meta.rule[0].rule_code))) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ stated_rows(types, rows) }}
{%- endmacro %}

{# One select of literals; a cell that is not stated is NULL. #}
{% macro stated_row(types, cells) -%}
    select
    {%- for name, type in types.items() %}
    {{ "cast('" ~ (cells[name] | string | replace("'", "''")) ~ "' as " ~ type ~ ")" if name in cells else 'cast(null as ' ~ type ~ ')' }}
        as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# The selects in one relation; none at all is an empty one, in the same columns. #}
{% macro stated_rows(types, rows) -%}
    {{ rows | join(' union all ') if rows else stated_row(types, {}) ~ ' where 1 = 0' }}
{%- endmacro %}

{# Stops the build where a rule's model stands in the folder and `listed` does not name it. #}
{% macro no_rule_left_out(listed) -%}
    {%- for model in rule_models() if model.name not in listed -%}
        {{ exceptions.raise_compiler_error(
            model.name ~ ' is a rule (' ~ model.original_file_path ~ ') and int_risk__hit beside it does not name it in its list'
        ) }}
    {%- endfor -%}
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

{# How like two names are, 0 to 1: twice the characters they share, by the characters each has (Dice). #}
{% macro name_likeness(one, other) -%}{{ return(adapter.dispatch('name_likeness')(one, other)) }}{%- endmacro %}

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

{# Sub-select [finding_id, found_on]: the findings of the newest publication (CONSORTIUM_PUBLISHED); no rows where there is none. #}
{% macro published_findings() -%}
    {%- set folder = env_var('CONSORTIUM_PUBLISHED', '') -%}
    {%- set found = namespace(file='') -%}
    {%- if folder and execute -%}
        {%- for row in run_query(files_like(folder ~ '/current/parquet/risk/finding.parquet')).rows -%}
            {%- set found.file = row[0] -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if found.file -%}
    select finding_id, cast(found_on as date) as found_on from {{ rows_of_parquet(found.file) }}
    {%- else -%}
    select cast(null as varchar) as finding_id, cast(null as date) as found_on where 1 = 0
    {%- endif -%}
{%- endmacro %}

{# Query that names the file at a path, where it is there; and the rows of a Parquet file. #}
{% macro files_like(path) -%}{{ return(adapter.dispatch('files_like')(path)) }}{%- endmacro %}
{% macro rows_of_parquet(path) -%}{{ return(adapter.dispatch('rows_of_parquet')(path)) }}{%- endmacro %}
