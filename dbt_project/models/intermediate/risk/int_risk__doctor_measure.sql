-- One row per period, member, doctor and measure that a doctor's own cases yield. The doctor is the one in charge of the case.
-- The same counts as of departments (int_performance__case_measure, int_performance__fee_measure, int_risk__measure), by doctor.
{%- set case_measures = [
    'evidenced_cases', 'upcoded_cases', 'watched_cases', 'split_admissions',
    'fund_surplus', 'fund_standard', 'settled_charge', 'low_risk_cases', 'low_risk_deaths',
] %}
{%- set visit_measures = ['outpatient_visits', 'insured_discharges', 'complication_cases', 'followed_discharges', 'readmissions_30d'] %}
with judged as (
    select
        period,
        member_id,
        doctor_id,
        {{ judged_sums() }},
        sum(payment - charge) as fund_surplus,
        sum(payment) as fund_standard,
        sum(charge) as settled_charge,
        sum(case when risk_grade = 1 then 1 end) as low_risk_cases,
        sum(case when risk_grade = 1 then case when disposition = 'died' then 1 else 0 end end) as low_risk_deaths
    from {{ ref('int_risk__judged_case') }}
    where doctor_id is not null
    group by period, member_id, doctor_id
),

cases as (
    {{ case_outcomes() }}
),

counted as (
    select period, member_id, doctor_id, {{ outcome_sums() }}
    from cases
    where doctor_id is not null
    group by period, member_id, doctor_id
),

-- A member that tells no complication at all has no such measure (int_performance__case_measure).
telling as (
    select period, member_id from {{ ref('int_performance__measure') }}
    where entity_level = 'member' and measure = 'complication_cases'
),

visits as (
    select
        counted.period,
        counted.member_id,
        counted.doctor_id,
        counted.outpatient_visits,
        case when telling.period is not null then counted.insured_discharges end as insured_discharges,
        case when telling.period is not null then counted.complications end as complication_cases,
        counted.followed_discharges,
        counted.readmissions_30d
    from counted
    left join telling on counted.period = telling.period and counted.member_id = telling.member_id
),

charged as (
    select
        charges.case_period as period,
        charges.member_id,
        charges.encounter_doctor_id as doctor_id,
        sum(case when charges.encounter_type in ('outpatient', 'emergency') then charges.amount end) as outpatient_fee,
        sum(case when charges.encounter_type in ('outpatient', 'emergency')
            then case when charges.charge_class = 'drug' then charges.amount else 0 end end) as outpatient_drug_fee,
        sum(case when charges.charge_class = 'drug' and coverage.tells_diagnoses then 1 end) as drug_lines
    from {{ ref('int_core__charge_line') }} as charges
    left join {{ ref('int_performance__coverage') }} as coverage
        on charges.member_id = coverage.member_id and charges.case_period = coverage.period
    where charges.case_period is not null and charges.encounter_doctor_id is not null
    group by charges.case_period, charges.member_id, charges.encounter_doctor_id
),

off_label as (
    {{ off_label_lines('doctor_id') }}
),

fees as (
    select
        charged.*,
        case when charged.drug_lines is not null then coalesce(off_label.off_label_lines, 0) end as off_label_lines
    from charged
    left join off_label
        on charged.period = off_label.period
        and charged.member_id = off_label.member_id
        and charged.doctor_id = off_label.doctor_id
)

{{ long_measures('judged', case_measures, by='doctor_id') }}
union all
{{ long_measures('visits', visit_measures, by='doctor_id') }}
union all
{{ long_measures('fees', ['outpatient_fee', 'outpatient_drug_fee', 'drug_lines', 'off_label_lines'], by='doctor_id') }}
