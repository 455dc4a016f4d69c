-- One row per period, member, department and measure of insurance compliance: settlements, denials, training, inspections.
with settled as (
    select
        settlements.period,
        settlements.member_id,
        encounters.dept_code,
        count(*) as settlements,
        sum(case when settlements.denied_amount > 0 then 0 else 1 end) as compliant_settlements,
        sum(settlements.denied_amount) as denied_amount
    from {{ ref('int_core__settlement') }} as settlements
    left join {{ ref('int_core__encounter') }} as encounters
        on settlements.member_id = encounters.member_id and settlements.encounter_id = encounters.encounter_id
    where settlements.period is not null
    group by settlements.period, settlements.member_id, encounters.dept_code
),

trained_persons as (
    select distinct period, member_id, dept_code, person_id
    from {{ ref('stg_insurer_training') }}
),

trained as (
    select period, member_id, dept_code, count(*) as trained_staff
    from trained_persons
    group by period, member_id, dept_code
),

tested as (
    select
        period,
        member_id,
        dept_code,
        count(*) as training_tested,
        sum(case when is_passed then 1 else 0 end) as training_passed
    from {{ ref('stg_insurer_training') }}
    group by period, member_id, dept_code
),

clinical as (
    select payroll.period, payroll.member_id, payroll.dept_code, count(*) as clinical_staff
    from {{ ref('stg_payroll') }} as payroll
    inner join {{ ref('stg_departments') }} as departments
        on payroll.member_id = departments.member_id
        and payroll.period = departments.period
        and payroll.dept_code = departments.dept_code
    where departments.dept_class = 'clinical'
    group by payroll.period, payroll.member_id, payroll.dept_code
),

inspected as (
    select
        period,
        member_id,
        dept_code,
        count(*) as inspection_findings,
        sum(case when severity = 'minor' then 0 else 1 end) as major_violations,
        sum(case when is_responsible_handled is not null then 1 end) as findings_with_responsible,
        sum(case when is_responsible_handled is not null then case when is_responsible_handled then 1 else 0 end end)
            as findings_handled
    from {{ ref('stg_inspections') }}
    group by period, member_id, dept_code
),

rectified as (
    select
        period,
        member_id,
        count(*) as rectifications_due,
        sum(case when completed_on is not null then 1 else 0 end) as rectifications_completed
    from {{ ref('stg_rectifications') }}
    where due_on <= {{ month_end('period') }}
    group by period, member_id
)

{{ long_measures('settled', ['settlements', 'compliant_settlements', 'denied_amount']) }}
union all
{{ long_measures('trained', ['trained_staff']) }}
union all
{{ long_measures('tested', ['training_tested', 'training_passed']) }}
union all
{{ long_measures('clinical', ['clinical_staff']) }}
union all
{{ long_measures('inspected', [
    'inspection_findings', 'major_violations', 'findings_with_responsible', 'findings_handled',
]) }}
union all
{{ long_measures('rectified', ['rectifications_due', 'rectifications_completed'], has_department=false) }}
