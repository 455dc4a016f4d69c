{# Generic tests of the project (no packages). A test returns the rows that break it. #}

{# One row per combination of the columns; NULL counts as a value. #}
{% test unique_combination(model, columns) %}
select {{ columns | join(', ') }}, count(*) as rows_found
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}

{# At least `floor` rows: an empty frame passes every other test, so this one comes first. #}
{% test at_least(model, floor=1) %}
select count(*) as rows_found
from {{ model }}
having count(*) < {{ floor }}
{% endtest %}

{# left = right within `tolerance`, over the whole model or per `group_by` columns. Both are aggregates. #}
{% test reconciles(model, left, right, tolerance=0, group_by=none) %}
select {% if group_by %}{{ group_by | join(', ') }}, {% endif %}{{ left }} as left_amount, {{ right }} as right_amount
from {{ model }}
{% if group_by %}group by {{ group_by | join(', ') }}{% endif %}
having abs(coalesce({{ left }}, 0) - coalesce({{ right }}, 0)) > {{ tolerance }}
{% endtest %}

{# An aggregate of this model equals an aggregate of another, within `tolerance`. #}
{% test equals_total_of(model, value, other, other_value=none, where=none, other_where=none, tolerance=0) %}
with here as (
    select coalesce({{ value }}, 0) as amount from {{ model }}{% if where %} where {{ where }}{% endif %}
),

there as (
    select coalesce({{ other_value or value }}, 0) as amount
    from {{ other }}{% if other_where %} where {{ other_where }}{% endif %}
)

select here.amount as here_amount, there.amount as there_amount
from here cross join there
where abs(here.amount - there.amount) > {{ tolerance }}
{% endtest %}

{# A condition that holds for every row; NULL passes. #}
{% test holds(model, condition) %}
select * from {{ model }} where not ({{ condition }})
{% endtest %}

{# At most `ceiling` rows. #}
{% test at_most(model, ceiling=0) %}
select count(*) as rows_found
from {{ model }}
having count(*) > {{ ceiling }}
{% endtest %}
