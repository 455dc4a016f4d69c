-- One row per discharged case settled by DRG: whether upcoding and split admission could be judged at all, and what was found.
-- A rule counts for an indicator where its basis names it (the description beside its model): S2-RISK-16 upcoding, S2-RISK-17 split admission.
with cases as (
    select
        payments.period,
        payments.member_id,
        payments.encounter_id,
        payments.dept_code,
        stays.doctor_id,
        stays.started_on,
        payments.payment,
        payments.charge,
        payments.risk_grade,
        payments.disposition
    from {{ ref('int_payment__case') }} as payments
    inner join {{ ref('int_risk__stay') }} as stays
        on payments.member_id = stays.member_id and payments.encounter_id = stays.encounter_id
),

diagnosed as (
    select distinct member_id, encounter_id from {{ ref('stg_diagnoses') }}
),

charged as (
    select distinct member_id, encounter_id from {{ ref('int_risk__stay_day') }}
),

windows as (
    select * from {{ policy_in_force(['split_admission_window']) }}
),

counted_rules as (
    select distinct
        rule_code,
        basis like '%S2-RISK-16%' as is_upcoding,
        basis like '%S2-RISK-17%' as is_split
    from {{ ref('int_risk__rule') }}
    where basis like '%S2-RISK-16%' or basis like '%S2-RISK-17%'
),

hits as (
    select
        hits.member_id,
        hits.encounter_id,
        max(case when counted_rules.is_upcoding then 1 else 0 end) as is_upcoded,
        max(case when counted_rules.is_split then 1 else 0 end) as is_split
    from {{ ref('int_risk__hit') }} as hits
    inner join counted_rules on hits.rule_code = counted_rules.rule_code
    group by hits.member_id, hits.encounter_id
)

select
    cases.period,
    cases.member_id,
    cases.encounter_id,
    cases.dept_code,
    cases.doctor_id,
    cases.payment,
    cases.charge,
    cases.risk_grade,
    cases.disposition,
    diagnosed.encounter_id is not null and charged.encounter_id is not null as is_evidenced,
    coalesce(hits.is_upcoded, 0) as is_upcoded,
    -- the days before the admission in which a first half would stand have been delivered
    coalesce(own.follows_persons and reach.period is not null, false) as is_watched,
    coalesce(hits.is_split, 0) as is_split
from cases
inner join windows on cases.period = windows.period and cases.member_id = windows.member_id
left join diagnosed on cases.member_id = diagnosed.member_id and cases.encounter_id = diagnosed.encounter_id
left join charged on cases.member_id = charged.member_id and cases.encounter_id = charged.encounter_id
left join hits on cases.member_id = hits.member_id and cases.encounter_id = hits.encounter_id
left join {{ ref('int_performance__coverage') }} as own
    on cases.member_id = own.member_id and {{ month_of('cases.started_on') }} = own.period
left join {{ ref('int_performance__coverage') }} as reach
    on cases.member_id = reach.member_id
    and {{ month_of(day_add('cases.started_on', '-cast(windows.split_admission_window as integer)')) }} = reach.period
