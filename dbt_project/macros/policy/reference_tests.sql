{# Tests of reference data, one query per file instead of one per column (seeds/_seeds.yml). A test returns the rows that break it. #}

{# No empty cell in these columns. #}
{% test required_cells(model, columns) %}
select * from {{ model }} where {% for column in columns %}{{ adapter.quote(column) }} is null{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}

{# Cells hold one of the listed values or nothing. columns: column -> values. #}
{% test listed_values(model, columns) %}
select * from {{ model }}
where {% for column, values in columns.items() -%}
    cast({{ adapter.quote(column) }} as varchar) not in ({% for value in values %}'{{ value }}'{{ ', ' if not loop.last }}{% endfor %}){{ ' or ' if not loop.last }}
{%- endfor %}
{% endtest %}
