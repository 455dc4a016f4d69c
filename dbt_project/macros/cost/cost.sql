{# What the cost models share: names of the cost elements, whole fen to yuan, exact shares. #}

{# Chinese name of a cost element (成本项目, domain 1.2). #}
{% macro cost_element_name(element) -%}
    case {{ element }}
        when 'labour' then '人员经费'
        when 'consumable' then '卫生材料费'
        when 'drug' then '药品费'
        when 'depreciation' then '固定资产折旧费'
        when 'amortisation' then '无形资产摊销费'
        when 'risk_fund' then '提取医疗风险基金'
        when 'other' then '其他运行费用'
    end
{%- endmacro %}

{# Whole fen (any integer type) as yuan, DECIMAL(18,2). #}
{% macro from_fen(fen) -%}
    cast(cast({{ fen }} as decimal(18, 0)) * cast(0.01 as decimal(3, 2)) as decimal(18, 2))
{%- endmacro %}

{# Whole fen of an amount in yuan. #}
{% macro to_fen(amount) -%}
    cast(({{ amount }}) * 100 as bigint)
{%- endmacro %}

{#
  pool x weight / total, whole number, half away from zero; NULL where total is 0. All three are integers; products reach
  10^38, so nothing overflows below 10^11 fen x 10^15 weight.
#}
{% macro share_of(pool, weight, total) -%}
    {{ return(adapter.dispatch('share_of')(pool, weight, total)) }}
{%- endmacro %}

{# Chinese name of a way of costing items (domain 1.9). #}
{% macro item_method_name(method) -%}
    case {{ method }}
        when 'equivalent' then '当量系数法'
        when 'activity' then '作业成本法'
        when 'revenue_share' then '收入分配系数法'
        when 'time_share' then '操作时间分配系数法'
        when 'workload_share' then '工作量分配系数法'
    end
{%- endmacro %}

{# Chinese name of a way of costing cases (domain 1.10). #}
{% macro case_method_name(method) -%}
    case {{ method }}
        when 'bottom_up' then '自下而上法'
        when 'cost_to_charge' then '成本收入比法'
        when 'top_down' then '自上而下法'
        when 'reported' then '机构自报'
    end
{%- endmacro %}

{# Quantile of whole fen between its neighbours, as yuan half-up; quarters and halves of a fen are exact in a double. #}
{% macro quantile_fen(fen, share) -%}
    {{ from_fen('cast(round(percentile_cont(' ~ share ~ ') within group (order by ' ~ fen ~ ')) as bigint)') }}
{%- endmacro %}

{# Coefficient of variation of whole fen (standard deviation of all over mean), from exact sums; NULL where the mean is 0. #}
{% macro variation_of(fen) -%}
    cast(
        sqrt(cast(
            count({{ fen }}) * sum(cast({{ fen }} as decimal(19, 0)) * cast({{ fen }} as decimal(19, 0)))
            - cast(sum({{ fen }}) as decimal(38, 0)) * sum({{ fen }}) as double
        )) / nullif(cast(sum({{ fen }}) as double), 0) as decimal(18, 6)
    )
{%- endmacro %}

{# A whole number as wide as the engine has: for products of two weights. #}
{% macro wide(number) -%}
    {{ return(adapter.dispatch('wide')(number)) }}
{%- endmacro %}

{# The units of a clinical department: name, column of its volume, and its part of `whole` in int_cost__clinical_unit (domain 1.7). #}
{% macro service_units() -%}
    {{ return([
        ('visit', 'visits', '(units.whole - units.inpatient_part)'),
        ('bed_day', 'bed_days', 'units.inpatient_part'),
    ]) }}
{%- endmacro %}
