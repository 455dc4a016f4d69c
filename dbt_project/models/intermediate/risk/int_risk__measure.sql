-- One row per period, entity and measure for risk indicators: those of performance, and counts of what the rules found.
-- Each count stands beside the cases that could be judged, never beside all: what wasn't delivered is no sign of good order.
-- Off-label lines are R51's among the drug lines of members that tell diagnoses (S2-RISK-18).
-- A person is the doctor in charge; the counts of doctors stand in int_risk__doctor_measure.
{%- set case_measures = ['evidenced_cases', 'upcoded_cases', 'watched_cases', 'split_admissions'] %}
with among_cases as (
    select
        period,
        member_id,
        dept_code,
        {{ judged_sums() }}
    from {{ ref('int_risk__judged_case') }}
    group by period, member_id, dept_code
),

drugs as (
    select
        fees.case_period as period,
        fees.member_id,
        fees.encounter_dept_code as dept_code,
        sum(fees.lines) as drug_lines
    from {{ ref('int_performance__fee') }} as fees
    inner join {{ ref('int_performance__coverage') }} as coverage
        on fees.member_id = coverage.member_id and fees.case_period = coverage.period and coverage.tells_diagnoses
    where fees.charge_class = 'drug'
    group by fees.case_period, fees.member_id, fees.encounter_dept_code
),

off_label as (
    {{ off_label_lines('dept_code') }}
),

among_drugs as (
    select
        drugs.period,
        drugs.member_id,
        drugs.dept_code,
        drugs.drug_lines,
        coalesce(off_label.off_label_lines, 0) as off_label_lines
    from drugs
    left join off_label
        on drugs.period = off_label.period
        and drugs.member_id = off_label.member_id
        and drugs.dept_code = off_label.dept_code
),

transferred as (
    select
        period,
        member_id,
        count(*) as down_referrals_followed,
        sum(case when has_returned then 1 else 0 end) as down_referrals_returned
    from {{ ref('int_risk__early_transfer') }}
    group by period, member_id
),

counted as (
    {{ long_measures('among_cases', case_measures) }}
    union all
    {{ long_measures('among_drugs', ['drug_lines', 'off_label_lines']) }}
    union all
    {{ long_measures('transferred', ['down_referrals_followed', 'down_referrals_returned'], has_department=false) }}
)

select period, entity_level, entity_id, member_id, dept_code, measure, amount from {{ ref('int_performance__measure') }}
union all
{{ rolled_up('counted') }}
union all
select
    period,
    'person' as entity_level,
    member_id || ':' || doctor_id as entity_id,
    member_id,
    cast(null as varchar) as dept_code,
    measure,
    amount
from {{ ref('int_risk__doctor_measure') }}
