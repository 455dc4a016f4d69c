-- One row per period, entity and measure for risk indicators: those of performance, and counts of what the rules found.
-- Split admissions are R01 and R02 (S2-RISK-17), upcoded cases R20 and R22 (S2-RISK-16), both among cases settled by DRG;
-- off-label lines are R51's among all drug lines (S2-RISK-18).
with settled as (
    select period, member_id, encounter_id, dept_code from {{ ref('int_payment__case') }}
),

hit_cases as (
    select
        member_id,
        encounter_id,
        max(case when rule_code in ('R01', 'R02') then 1 else 0 end) as is_split,
        max(case when rule_code in ('R20', 'R22') then 1 else 0 end) as is_upcoded,
        sum(case when rule_code = 'R51' then 1 else 0 end) as off_label_lines
    from {{ ref('int_risk__hit') }}
    where rule_code in ('R01', 'R02', 'R20', 'R22', 'R51')
    group by member_id, encounter_id
),

among_settled as (
    select
        settled.period,
        settled.member_id,
        settled.dept_code,
        sum(coalesce(hit_cases.is_split, 0)) as split_admissions,
        sum(coalesce(hit_cases.is_upcoded, 0)) as upcoded_cases
    from settled
    left join hit_cases on settled.member_id = hit_cases.member_id and settled.encounter_id = hit_cases.encounter_id
    group by settled.period, settled.member_id, settled.dept_code
),

drugs as (
    select case_period as period, member_id, encounter_dept_code as dept_code, sum(lines) as drug_lines
    from {{ ref('int_performance__fee') }}
    where charge_class = 'drug' and case_period is not null
    group by case_period, member_id, encounter_dept_code
),

off_label as (
    select cases.period, cases.member_id, cases.dept_code, sum(hit_cases.off_label_lines) as off_label_lines
    from hit_cases
    inner join {{ ref('int_risk__case') }} as cases
        on hit_cases.member_id = cases.member_id and hit_cases.encounter_id = cases.encounter_id
    group by cases.period, cases.member_id, cases.dept_code
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

counted as (
    {{ long_measures('among_settled', ['split_admissions', 'upcoded_cases']) }}
    union all
    {{ long_measures('among_drugs', ['drug_lines', 'off_label_lines']) }}
)

select period, entity_level, entity_id, member_id, dept_code, measure, amount from {{ ref('int_performance__measure') }}
union all
{{ rolled_up('counted') }}
