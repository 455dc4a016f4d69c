-- One row per period, member, department and measure of insurance compliance: settlements, denials, training, inspections.
-- Compliant is what the insurer has settled without a denial, of members that tell denials at all (S2-PERF-08).
with settled as (
    select
        settlements.period,
        settlements.member_id,
        encounters.dept_code,
        sum(case when coverage.tells_denials and settlements.settled_on is not null then 1 end) as settlements,
        sum(case
            when coverage.tells_denials and settlements.settled_on is not null
                then case when settlements.denied_amount > 0 then 0 else 1 end
        end) as compliant_settlements,
        sum(settlements.denied_amount) as denied_amount
    from {{ ref('int_core__settlement') }} as settlements
    left join {{ ref('int_core__encounter') }} as encounters
        on settlements.member_id = encounters.member_id and settlements.encounter_id = encounters.encounter_id
    left join {{ ref('int_performance__coverage') }} as coverage
        on settlements.member_id = coverage.member_id and settlements.period = coverage.period
    where settlements.period is not null
    group by settlements.period, settlements.member_id, encounters.dept_code
),

trained_persons as (
    select distinct period, member_id, dept_code, person_id
    from {{ ref('stg_insurer_training') }}
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

-- S2-RISK-02: where a member tells training at all, a clinical department that had none has zero.
trained as (
    select clinical.period, clinical.member_id, clinical.dept_code, count(trained_persons.person_id) as trained_staff
    from clinical
    inner join (select distinct period, member_id from trained_persons) as telling
        on clinical.period = telling.period and clinical.member_id = telling.member_id
    left join trained_persons
        on clinical.period = trained_persons.period
        and clinical.member_id = trained_persons.member_id
        and clinical.dept_code = trained_persons.dept_code
    group by clinical.period, clinical.member_id, clinical.dept_code
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

-- S2-RISK-26 counts what unannounced inspections (飞行检查) find: neither the insurer's own checks nor what a member tells itself.
inspected as (
    select
        period,
        member_id,
        dept_code,
        sum(case when source = 'unannounced' then 1 else 0 end) as inspection_findings,
        sum(case when severity = 'minor' then 0 else 1 end) as major_violations,
        sum(case when is_responsible_handled is not null then 1 end) as findings_with_responsible,
        sum(case when is_responsible_handled is not null then case when is_responsible_handled then 1 else 0 end end)
            as findings_handled
    from {{ ref('stg_inspections') }}
    group by period, member_id, dept_code
),

-- A rectification counts in the month it is due, as its newest delivery tells it; months that nobody delivered yet wait.
newest_rectification as (
    select member_id, finding_id, due_on, completed_on
    from {{ ref('stg_rectifications') }}
    qualify row_number() over (partition by member_id, finding_id order by delivery_date desc, period desc) = 1
),

rectified as (
    select
        {{ month_of('rectifications.due_on') }} as period,
        rectifications.member_id,
        count(*) as rectifications_due,
        sum(case when rectifications.completed_on is not null then 1 else 0 end) as rectifications_completed
    from newest_rectification as rectifications
    inner join {{ ref('int_reference__period') }} as periods
        on {{ month_of('rectifications.due_on') }} = periods.period and periods.is_delivered
    group by {{ month_of('rectifications.due_on') }}, rectifications.member_id
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
