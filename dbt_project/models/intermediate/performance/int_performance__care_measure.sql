-- One row per period, member, department and measure of public service: chronic care, contracts, public health, surveys.
with chronic as (
    select
        period,
        member_id,
        count(*) as chronic_patients,
        sum(case when is_standardised then 1 else 0 end) as chronic_standardised,
        sum(case when is_controlled then 1 else 0 end) as chronic_controlled,
        sum(followups_due) as chronic_followups_due,
        sum(followups_done) as chronic_followups_done
    from {{ ref('stg_chronic_care') }}
    group by period, member_id
),

contracts as (
    select
        period,
        member_id,
        sum(services_due) as contract_services_due,
        sum(services_done) as contract_services_done
    from {{ ref('stg_family_contracts') }}
    group by period, member_id
),

projects as (
    select
        period,
        member_id,
        sum(target_qty) as public_health_target,
        sum(done_qty) as public_health_done,
        sum(cost) as public_health_cost
    from {{ ref('stg_public_health') }}
    group by period, member_id
),

surveyed as (
    select
        period,
        member_id,
        dept_code,
        -- scores stand 0-100; the KPI is a fraction, weighted by respondents
        sum(score * respondents * cast(0.01 as decimal(4, 2))) as satisfaction_points,
        sum(respondents) as satisfaction_respondents
    from {{ ref('stg_surveys') }}
    where audience = 'patient'
    group by period, member_id, dept_code
)

{{ long_measures('chronic', [
    'chronic_patients', 'chronic_standardised', 'chronic_controlled', 'chronic_followups_due', 'chronic_followups_done',
], has_department=false) }}
union all
{{ long_measures('contracts', ['contract_services_due', 'contract_services_done'], has_department=false) }}
union all
{{ long_measures('projects', ['public_health_target', 'public_health_done', 'public_health_cost'], has_department=false) }}
union all
{{ long_measures('surveyed', ['satisfaction_points', 'satisfaction_respondents']) }}
