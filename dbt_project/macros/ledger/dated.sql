{# Reference data of the ledger that carries dates: what is in force in a period, so that a closed one finds its own again. #}

{# Whether a dated row counts in a period: it is in force on the period's last day; an empty date is no bound. #}
{% macro in_force(rows, period) -%}
    coalesce({{ rows }}.valid_from, date '1900-01-01') <= {{ month_end(period) }}
    and coalesce({{ rows }}.valid_to, date '9999-12-31') >= {{ month_end(period) }}
{%- endmacro %}

{# Sub-select [period, rule_id, rule_name]: an elimination rule's name as of a period, also after the rule has ended. #}
{% macro elimination_rule_names() -%}
    (
        select
            periods.period,
            rules.rule_id,
            {{ optional_column(ref('elimination_rules'), 'rule_name_zh', 'rules') }} as rule_name
        from (select distinct period from {{ ref('int_ledger__account_mapping') }}) as periods
        cross join {{ ref('elimination_rules') }} as rules
        where coalesce(rules.valid_from, date '1900-01-01') <= {{ month_end('periods.period') }}
        qualify row_number() over (
            partition by periods.period, rules.rule_id order by coalesce(rules.valid_from, date '1900-01-01') desc
        ) = 1
    )
{%- endmacro %}
