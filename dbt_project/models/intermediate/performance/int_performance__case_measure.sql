-- One row per period, member, department and measure of volume and case mix: visits, discharges, days, weights, outcomes.
-- Visits are outpatient and emergency; a case belongs to the month of its discharge or start (page 2b).
with cases as (
    {{ case_outcomes() }}
),

counted as (
    select
        cases.period,
        cases.member_id,
        cases.dept_code,
        {{ outcome_sums() }},
        sum(case when encounter_type in ('outpatient', 'emergency') and level in ('primary', 'village') then 1 end) as primary_visits,
        sum(case when encounter_type = 'inpatient' then 1 end) as discharges,
        sum(case when encounter_type = 'inpatient' and level = 'tertiary' then 1 end) as tertiary_discharges,
        sum(case when encounter_type = 'inpatient' then los_days end) as stay_days,
        count(case when encounter_type = 'inpatient' then has_complication end) as complications_told,
        -- AMB-09: eligible for a referral in either direction are discharges and primary visits
        sum(case
            when encounter_type = 'inpatient' then 1
            when encounter_type in ('outpatient', 'emergency') and level in ('primary', 'village') then 1
        end) as two_way_eligible
    from cases
    inner join {{ ref('members') }} as members on cases.member_id = members.member_id
    group by cases.period, cases.member_id, cases.dept_code
),

-- An empty has_complication means none, but only where the member tells complications at all: else nothing is known, and no zero.
volumes as (
    select
        counted.*,
        case when sum(complications_told) over (partition by period, member_id) > 0 then complications end as complication_cases
    from counted
),

thresholds as (
    select * from {{ policy_in_force(['difficult_case_weight_min']) }}
),

case_mix as (
    select
        payments.period,
        payments.member_id,
        payments.dept_code,
        sum(case when payments.weight is not null then 1 end) as grouped_cases,
        sum(payments.weight) as drg_weight,
        -- S3-DRG-25 is the region's: a case's cost is no internal business, and a case without a known cost counts on neither side
        sum(case when payments.weight is not null then costs.total_cost end) as drg_cost,
        sum(case when payments.weight is not null and costs.total_cost is not null then 1 end) as costed_cases,
        count(*) as settled_cases,
        sum(case when payments.weight is not null then case when payments.weight >= thresholds.difficult_case_weight_min then 1 else 0 end end)
            as difficult_cases,
        sum(case when payments.risk_grade = 1 then 1 end) as low_risk_cases,
        sum(case when payments.risk_grade = 1 then case when payments.disposition = 'died' then 1 else 0 end end) as low_risk_deaths,
        sum(payments.payment) as fund_standard,
        sum(payments.charge) as settled_charge,
        sum(payments.payment - payments.charge) as fund_surplus
    from {{ ref('int_payment__case') }} as payments
    inner join thresholds on payments.period = thresholds.period and payments.member_id = thresholds.member_id
    left join {{ ref('cost__case_cost') }} as costs
        on payments.period = costs.period and payments.member_id = costs.member_id and payments.encounter_id = costs.encounter_id
    group by payments.period, payments.member_id, payments.dept_code
)

{{ long_measures('volumes', [
    'outpatient_visits', 'primary_visits', 'discharges', 'tertiary_discharges', 'stay_days', 'insured_discharges',
    'complication_cases', 'followed_discharges', 'readmissions_30d', 'two_way_eligible',
]) }}
union all
{{ long_measures('case_mix', [
    'grouped_cases', 'drg_weight', 'drg_cost', 'costed_cases', 'settled_cases', 'difficult_cases', 'low_risk_cases', 'low_risk_deaths',
    'fund_standard', 'settled_charge', 'fund_surplus',
]) }}
