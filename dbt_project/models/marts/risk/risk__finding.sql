-- One row per finding: one rule, one encounter, one subject, with the charge lines it rests on.
-- finding_id is made of these alone, so the same evidence keeps its number from night to night.
-- found_on is the night that follows the delivery of the evidence; the answer's clock starts at nine that morning.
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

placed as (
    select
        md5(
            hits.rule_code || '|' || hits.member_id || '|' || hits.encounter_id || '|' || hits.subject || '|'
            || {{ joined('hits.charge_ids') }}
        ) as finding_id,
        cases.period,
        hits.*,
        cases.dept_code,
        cases.doctor_id,
        cases.patient_id,
        {{ day_add('cases.delivered_on', 1) }} as found_on
    from hits
    inner join {{ ref('int_risk__case') }} as cases
        on hits.member_id = cases.member_id and hits.encounter_id = cases.encounter_id
),

timed as (
    select
        placed.*,
        case
            when placed.respond_unit = 'hour' then {{ hour_add('placed.found_on', '9 + placed.respond_within') }}
            else {{ hour_add('deadlines.due_on', 9) }}
        end as respond_by
    from placed
    left join {{ ref('int_risk__deadline') }} as deadlines
        on placed.found_on = deadlines.found_on and placed.respond_within = deadlines.respond_within
)

select
    timed.period,
    timed.finding_id,
    timed.rule_code,
    timed.rule_name,
    timed.rule_name_en,
    timed.rule_class,
    timed.rule_version,
    timed.rule_parameters,
    timed.legal_basis,
    timed.member_id,
    timed.dept_code,
    timed.doctor_id,
    timed.patient_id,
    timed.encounter_id,
    timed.charge_ids,
    timed.evidence,
    timed.evidence_on,
    timed.amount_at_risk,
    case when timed.is_certain then 'certain' else 'suspect' end as severity,
    case when timed.is_certain then cast(1 as decimal(18, 6)) else cast(timed.rule_confidence as decimal(18, 6)) end as confidence,
    timed.found_on,
    timed.respond_by,
    timed.respond_unit,
    replies.explained_on,
    -- S2-RISK-36 (TC-75): what isn't explained within its hours counts as a violation; other findings stay open. Answers carry
    -- a date and no time: one of the day on which the time runs out is in time.
    case
        when replies.rectified_on is not null then 'rectified'
        when replies.appeal_status = 'upheld' then 'denied'
        when replies.appeal_status = 'rejected' then 'confirmed'
        when
            timed.respond_unit = 'hour'
            and timed.respond_by <= {{ run_clock() }}
            and coalesce(replies.explained_on > cast(timed.respond_by as date), true)
            then 'confirmed'
        when replies.appeal_status = 'open' then 'explained'
        else 'open'
    end as status
from timed
left join {{ ref('int_risk__reply') }} as replies
    on timed.member_id = replies.member_id and timed.finding_id = replies.finding_id
