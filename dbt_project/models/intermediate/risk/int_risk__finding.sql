-- One row per finding: one rule, one encounter, one subject, with the charge lines it rests on, and the day it was first found.
-- finding_id is made of these alone, so the same evidence keeps its number from night to night. What was published before keeps
-- its day; what is new was found tonight. Where nothing was ever published (the first night over months of history, a house
-- rebuilt without its publications) it is the night after the delivery of the encounter or its settlement, tonight at the latest.
with hits as (
    select
        rule_code,
        rule_version,
        rule_name,
        rule_name_en,
        rule_class,
        max(legal_basis) as legal_basis,
        member_id,
        encounter_id,
        subject,
        min(confidence) as rule_confidence,
        max(respond_within) as respond_within,
        max(respond_unit) as respond_unit,
        max(evidence_on) as evidence_on,
        min(case when is_certain then 1 else 0 end) = 1 as is_certain,
        {{ money('sum(amount_at_risk)') }} as amount_at_risk,
        max(evidence) as evidence,
        max(rule_parameters) as rule_parameters,
        {{ text_list('charge_id') }} as charge_ids
    from {{ ref('int_risk__hit') }}
    group by rule_code, rule_version, rule_name, rule_name_en, rule_class, member_id, encounter_id, subject
),

numbered as (
    select
        md5(
            hits.rule_code || '|' || hits.member_id || '|' || hits.encounter_id || '|' || hits.subject || '|'
            || {{ joined('hits.charge_ids') }}
        ) as finding_id,
        hits.*
    from hits
),

published as (
    {{ published_findings() }}
),

memory as (
    select count(*) > 0 as is_kept from published
)

select
    cases.period,
    numbered.*,
    cases.dept_code,
    cases.doctor_id,
    cases.patient_id,
    case
        when published.found_on is not null then published.found_on
        when memory.is_kept then cast({{ run_clock() }} as date)
        else least({{ day_add('cases.delivered_on', 1) }}, cast({{ run_clock() }} as date))
    end as found_on
from numbered
cross join memory
inner join {{ ref('int_risk__case') }} as cases
    on numbered.member_id = cases.member_id and numbered.encounter_id = cases.encounter_id
left join published on numbered.finding_id = published.finding_id
