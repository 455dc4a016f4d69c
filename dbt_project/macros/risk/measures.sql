{#
  Measures of the KPI model: long rows [period, member_id, dept_code, measure, amount]. dept_code is empty where a measure
  belongs to the member as a whole. Every measure is a sum, so members and the consortium follow by adding.
#}

{# One select per measure of a wide relation, its rows told apart by `by`; rows without a value are left out, never made 0. #}
{% macro long_measures(relation, measures, has_department=true, by='dept_code') -%}
    {%- for measure in measures %}
    select
        period,
        member_id,
        {{ by if has_department else 'cast(null as varchar)' }} as {{ by }},
        cast('{{ measure }}' as varchar) as measure,
        cast({{ measure }} as decimal(18, 4)) as amount
    from {{ relation }}
    where {{ measure }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# Departments, members and the consortium, each the sum of what stands below; `relation` holds long measures. #}
{% macro rolled_up(relation) -%}
    select
        period,
        'department' as entity_level,
        member_id || ':' || dept_code as entity_id,
        member_id,
        dept_code,
        measure,
        cast(sum(amount) as decimal(18, 4)) as amount
    from {{ relation }}
    where dept_code is not null
    group by period, member_id, dept_code, measure

    union all

    select
        period,
        'member' as entity_level,
        member_id as entity_id,
        member_id,
        cast(null as varchar) as dept_code,
        measure,
        cast(sum(amount) as decimal(18, 4)) as amount
    from {{ relation }}
    group by period, member_id, measure

    union all

    select
        period,
        'consortium' as entity_level,
        'consortium' as entity_id,
        cast(null as varchar) as member_id,
        cast(null as varchar) as dept_code,
        measure,
        cast(sum(amount) as decimal(18, 4)) as amount
    from {{ relation }}
    group by period, measure
{%- endmacro %}

{# Cases that could be judged and what was found among them (S2-RISK-16, S2-RISK-17), of a group of int_risk__judged_case. #}
{% macro judged_sums() -%}
        sum(case when is_evidenced then 1 end) as evidenced_cases,
        sum(case when is_evidenced then is_upcoded end) as upcoded_cases,
        sum(case when is_watched then 1 end) as watched_cases,
        sum(case when is_watched then is_split end) as split_admissions
{%- endmacro %}

{# Drug lines that R51 found, by `dept_code` or `doctor_id` of the case (S2-RISK-18). #}
{% macro off_label_lines(by) -%}
    select cases.period, cases.member_id, cases.{{ by }}, count(*) as off_label_lines
    from {{ ref('int_risk__hit') }} as hits
    inner join {{ ref('int_risk__case') }} as cases
        on hits.member_id = cases.member_id and hits.encounter_id = cases.encounter_id
    where hits.rule_code = 'R51'
    group by cases.period, cases.member_id, cases.{{ by }}
{%- endmacro %}

{# One row per encounter of a month: whose, and what became of it. Followed is a discharge whose thirty days after it have been
   delivered, by a member whose patients are recognised when they come again. #}
{% macro case_outcomes() -%}
    select
        encounters.case_period as period,
        encounters.member_id,
        encounters.dept_code,
        encounters.doctor_id,
        encounters.encounter_type,
        encounters.los_days,
        encounters.payer in ('employee', 'resident') as is_insured,
        encounters.has_complication,
        coalesce({{ days_between('encounters.ended_at', 'returns.returned_at') }} <= 30, false) as has_returned,
        coalesce(own.follows_persons and own.has_next_month and reach.period is not null, false) as is_followed
    from {{ ref('int_core__encounter') }} as encounters
    left join {{ ref('int_performance__return') }} as returns
        on encounters.member_id = returns.member_id and encounters.encounter_id = returns.encounter_id
    left join {{ ref('int_performance__coverage') }} as own
        on encounters.member_id = own.member_id and encounters.case_period = own.period
    left join {{ ref('int_performance__coverage') }} as reach
        on encounters.member_id = reach.member_id
        and {{ month_of(day_add('encounters.ended_at', 30)) }} = reach.period
    where encounters.case_period is not null
{%- endmacro %}

{# Visits and outcomes of a group of case_outcomes(). An empty has_complication counts as none: whether a member tells complications
   at all is the caller's to ask. #}
{% macro outcome_sums() -%}
        sum(case when encounter_type in ('outpatient', 'emergency') then 1 end) as outpatient_visits,
        sum(case when encounter_type = 'inpatient' and is_insured then 1 end) as insured_discharges,
        sum(case when encounter_type = 'inpatient' and is_insured then case when has_complication then 1 else 0 end end)
            as complications,
        sum(case when encounter_type = 'inpatient' and is_followed then 1 end) as followed_discharges,
        sum(case when encounter_type = 'inpatient' and is_followed then case when has_returned then 1 else 0 end end)
            as readmissions_30d
{%- endmacro %}
