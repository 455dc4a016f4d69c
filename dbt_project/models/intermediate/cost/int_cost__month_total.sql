-- One row per period, member, the patient's department, kind of patient and standing of the case at the month's end: what the
-- month's services to these patients cost, in fen. standing: closed in the month, open at its end, late (closed before), stray
-- (the encounter was never delivered). The one joining of case costs with encounters that reconciliation and unit costs share.
select
    months.period,
    months.member_id,
    encounters.dept_code,
    coalesce(encounters.encounter_type in ('inpatient', 'day_surgery'), false) as is_inpatient,
    case
        when encounters.encounter_id is null then 'stray'
        when encounters.case_period = months.period then 'closed'
        when coalesce(encounters.case_period, '9999-12') > months.period then 'open'
        else 'late'
    end as standing,
    cast(count(*) as bigint) as cases,
    {% for part in ['charge', 'total', 'ratio_check', 'charged_goods'] -%}
    cast(sum(months.{{ part }}_fen) as bigint) as {{ part }}_fen{{ ',' if not loop.last }}
    {% endfor %}
from {{ ref('int_cost__case_month') }} as months
left join {{ ref('int_core__encounter') }} as encounters
    on months.member_id = encounters.member_id
    and months.encounter_id = encounters.encounter_id
group by all
