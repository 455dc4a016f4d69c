{#
  A table that is built month by month: rows of months before YILIAN_REBUILD_SINCE stand, the others are computed anew.
  Without that variable, or before the table stands, all of it is built. Only for models whose rows of a month rest on
  that month and earlier ones (pipelines/rebuild.py says why; tests/unit/test_rebuild.py holds the project to it).
#}
{% materialization by_period, adapter='duckdb' %}
    {%- set since = env_var('YILIAN_REBUILD_SINCE', '') -%}
    {%- set standing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}

    {% if since and standing is not none and standing.type == 'table' %}
        {% call statement('delete') -%}
            delete from {{ target_relation }} where period >= '{{ since }}' or period is null
        {%- endcall %}
        {% call statement('main') -%}
            insert into {{ target_relation }}
            select * from (
            {{ sql }}
            ) as built
            where period >= '{{ since }}' or period is null
        {%- endcall %}
    {% else %}
        {% do put_in_place(target_relation, standing, sql) %}
    {% endif %}

    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
