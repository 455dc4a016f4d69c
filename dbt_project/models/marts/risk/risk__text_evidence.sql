-- One row per case and thing billed that its notes should bear out: whether they do (S2-RISK-50). A case without notes has no row.
-- An exam or drug that a rule found without an indication and whose record affirms one is a coding gap rather than a violation.
select
    claims.period,
    claims.member_id,
    members.name as member_name,
    cases.dept_code,
    departments.dept_name,
    claims.encounter_id,
    claims.claim,
    case claims.claim when 'diagnosis' then '主要诊断' when 'exam' then '检查指征' when 'drug' then '用药指征' end as claim_name,
    claims.subject,
    coalesce(items.item_name, diagnoses.name) as subject_name,
    evidence.support,
    case evidence.support
        when 'supported' then '病历支持' when 'uncertain' then '病历存疑' when 'history' then '仅既往史' when 'family' then '仅家族史'
        when 'negated' then '病历否认' when 'absent' then '病历未提及'
    end as support_name,
    evidence.term,
    evidence.notes
from {{ ref('int_risk__text_evidence') }} as evidence
inner join {{ ref('int_risk__text_claim') }} as claims
    on evidence.member_id = claims.member_id
    and evidence.encounter_id = claims.encounter_id
    and evidence.claim = claims.claim
    and evidence.subject = claims.subject
inner join {{ ref('int_risk__case') }} as cases
    on claims.member_id = cases.member_id and claims.encounter_id = cases.encounter_id
left join {{ ref('core__member') }} as members on claims.member_id = members.member_id
left join {{ ref('core__department') }} as departments
    on claims.period = departments.period
    and claims.member_id = departments.member_id
    and cases.dept_code = departments.dept_code
left join (select item_code, max(item_name) as item_name from {{ ref('items') }} group by item_code) as items
    on claims.subject = items.item_code and claims.claim <> 'diagnosis'
left join {{ ref('icd10') }} as diagnoses on claims.subject = diagnoses.code and claims.claim = 'diagnosis'
