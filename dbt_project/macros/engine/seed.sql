{#
  How reference data is loaded: straight from the CSV, typed by `column_types` of _seeds.yml. A column that the page names
  and the file leaves out is empty; one that only the file has stays as text. CONSORTIUM_REFERENCE names the folder (the
  night lays CONSORTIUM_SEEDS over the project's files there): relative to the project it is the seed path itself; absolute
  it is only read from, by file name, for dbt writes its run artefacts over the files of an absolute seed path.
#}
{% materialization seed, adapter='duckdb' %}
    {%- set folder = env_var('CONSORTIUM_REFERENCE', '') -%}
    {%- set path = (folder ~ '/' ~ model.name ~ '.csv') if folder.startswith('/') else (model.root_path ~ '/' ~ model.original_file_path) -%}
    {%- set header = seed_header(path) -%}
    {%- set types = config.get('column_types') or {} -%}
    {%- set csv -%}
        read_csv('{{ path | replace("'", "''") }}', header = true, delim = ',', quote = '"', escape = '"', all_varchar = true,
            null_padding = false, strict_mode = true, auto_detect = false,
            columns = { {%- for column in header %}'{{ column }}': 'varchar'{{ ', ' if not loop.last }}{% endfor -%} })
    {%- endset -%}
    {%- set target_relation = this.incorporate(type='table') -%}

    {{ run_hooks(pre_hooks) }}

    {% call statement('main') -%}
        create or replace table {{ target_relation }} as
        select
        {%- for column in header %}
            cast(nullif("{{ column }}", '') as {{ types.get(column, 'varchar') }}) as "{{ column }}"{{ ',' if not loop.last }}
        {%- endfor -%}
        {%- for column, type in types.items() if column not in header %},
            cast(null as {{ type }}) as "{{ column }}"
        {%- endfor %}
        from {{ csv }}
    {%- endcall %}

    {% do store_result('agate_table', response='OK', agate_table=load_result('main').table) %}
    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# The column names of a CSV file. #}
{% macro seed_header(path) -%}
    {%- set line = run_query(
        "select * from read_csv('" ~ (path | replace("'", "''"))
        ~ "', header = false, delim = ',', quote = '\"', escape = '\"', all_varchar = true) limit 1"
    ) -%}
    {{ return(line.rows[0].values() | list) }}
{%- endmacro %}
