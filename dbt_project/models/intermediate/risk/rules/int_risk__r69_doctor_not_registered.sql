-- One row per encounter whose doctor stands on no payroll of the member in that month and was not sent there by another member (R69).
-- Nothing is said of a member and month without a payroll, or where hardly any doctor stands on it: its numbers are other ones.
with payroll as (
    select distinct member_id, period, person_id from {{ ref('stg_payroll') }}
),

doctors as (
    select
        cases.member_id,
        {{ month_of('cases.started_on') }} as period,
        cases.doctor_id,
        count(*) as encounters
    from {{ ref('int_risk__case') }} as cases
    where cases.doctor_id is not null
    group by cases.member_id, {{ month_of('cases.started_on') }}, cases.doctor_id
),

matched as (
    select
        doctors.*,
        payroll.person_id is not null as is_listed,
        sum(case when payroll.person_id is not null then doctors.encounters else 0 end) over (
            partition by doctors.member_id, doctors.period
        ) as listed_encounters,
        sum(doctors.encounters) over (partition by doctors.member_id, doctors.period) as all_encounters
    from doctors
    left join payroll
        on doctors.member_id = payroll.member_id
        and doctors.period = payroll.period
        and doctors.doctor_id = payroll.person_id
),

strangers as (
    select matched.member_id, matched.period, matched.doctor_id
    from matched
    left join (select distinct to_member_id, person_id from {{ ref('int_core__staff_support') }}) as sent
        on matched.member_id = sent.to_member_id and matched.doctor_id = sent.person_id
    inner join {{ rule_parameters('R69', ['min_listed_share']) }} as bounds on matched.period = bounds.period
    where not matched.is_listed
        and sent.person_id is null
        and matched.listed_encounters >= matched.all_encounters * bounds.min_listed_share
)

select
    'R69' as rule_code,
    cases.member_id,
    cases.encounter_id,
    cases.doctor_id as subject,
    cast(null as varchar) as charge_id,
    cases.started_on as evidence_on,
    cases.fund_paid as amount_at_risk,
    true as is_certain,
    '接诊医生不在本机构' || strangers.period || '的在册人员中,也没有成员机构派驻记录,疑似无资质或冒用他人执业' as evidence
from {{ ref('int_risk__case') }} as cases
inner join strangers
    on cases.member_id = strangers.member_id
    and cases.doctor_id = strangers.doctor_id
    and {{ month_of('cases.started_on') }} = strangers.period
