{#
  A table, replaced in one statement: DuckDB does that whole or not at all. dbt's own `table` (build aside, rename twice,
  drop) costs a night seconds over some hundred models; Python models need it still.
#}
{% materialization replaced, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {% do put_in_place(target_relation, load_cached_relation(this), sql) %}
    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# The result of a query as a table, in the place of what stands there. #}
{% macro put_in_place(target_relation, standing, query) %}
    {% if standing is not none and standing.type != 'table' %}{% do adapter.drop_relation(standing) %}{% endif %}
    {% call statement('main') -%}
        create or replace table {{ target_relation }} as (
        {{ query }}
        )
    {%- endcall %}
{% endmacro %}
