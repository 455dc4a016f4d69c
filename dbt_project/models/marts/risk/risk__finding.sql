-- One row per finding: one rule, one encounter, one subject, with the charge lines it rests on.
-- finding_id and found_on stay from night to night (int_risk__finding); the answer's clock starts at nine on the morning of found_on.
with timed as (
    select
        findings.*,
        case
            when findings.respond_unit = 'hour' then {{ hour_add('findings.found_on', '9 + findings.respond_within') }}
            else {{ hour_add('deadlines.due_on', 9) }}
        end as respond_by
    from {{ ref('int_risk__finding') }} as findings
    left join {{ ref('int_risk__deadline') }} as deadlines
        on findings.found_on = deadlines.found_on and findings.respond_within = deadlines.respond_within
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
