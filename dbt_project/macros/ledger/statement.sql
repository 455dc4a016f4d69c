{# Columns that statements of the consortium and of members share. #}

{# Chinese name of a statement. #}
{% macro statement_name(statement) -%}
    case {{ statement }}
        when 'financial_position' then '资产负债表'
        when 'revenue_expense' then '收入费用表'
        when 'cash' then '现金流量表'
        when 'budget_execution' then '预算收入支出表'
    end
{%- endmacro %}

{#
  Two columns: the first month of the calendar year (会计法: the fiscal year) that the lake holds, and the sum from it to the
  row's month. A balance has no sum: both are empty on the financial position.
#}
{% macro year_to_date(relation, amount, key) -%}
    {%- set year = 'left(' ~ relation ~ '.period, 4)' -%}
    {%- set parts = [year] -%}
    {%- for column in key -%}{%- do parts.append(relation ~ '.' ~ column) -%}{%- endfor -%}
    {%- set window = 'over (partition by ' ~ parts | join(', ') ~ ' order by ' ~ relation ~ '.period)' -%}
    case when {{ relation }}.statement <> 'financial_position' then min({{ relation }}.period) {{ window }} end
        as year_to_date_from,
    {{ money('case when ' ~ relation ~ ".statement <> 'financial_position' then sum(" ~ relation ~ '.' ~ amount ~ ') ' ~ window ~ ' end') }}
        as year_to_date_amount
{%- endmacro %}
