-- One row per finding, of a rule or of an inspection, with its way from discovery to rectification.
-- Inspections are confirmed until an appeal says otherwise; an explanation of the last day is in time (answers carry no hour).
with rules as (
    select rule_code, max(name_zh) as rule_name from {{ ref('int_risk__rule') }} group by rule_code
)

select
    followed.period,
    followed.finding_id,
    followed.source,
    case followed.source
        when 'rule' then '规则筛查' when 'unannounced' then '飞行检查' when 'insurer' then '医保检查' when 'self' then '自查自纠'
    end as source_name,
    followed.rule_code,
    rules.rule_name,
    followed.member_id,
    members.name as member_name,
    followed.dept_code,
    departments.dept_name,
    followed.doctor_id,
    followed.encounter_id,
    followed.severity,
    followed.amount,
    followed.found_on,
    followed.respond_by,
    followed.explained_on,
    followed.is_explained_in_time,
    followed.decided_on,
    followed.confirmed_on,
    followed.rectify_by,
    followed.rectified_on,
    followed.is_rectified_in_time,
    followed.status,
    case followed.status
        when 'open' then '待说明' when 'explained' then '已说明待裁定' when 'confirmed' then '已确认' when 'denied' then '已撤销'
        when 'rectified' then '已整改'
    end as status_name,
    followed.freeze_status,
    followed.overdue
from {{ ref('int_risk__follow_up') }} as followed
left join rules on followed.rule_code = rules.rule_code
left join {{ ref('core__member') }} as members on followed.member_id = members.member_id
left join {{ ref('core__department') }} as departments
    on followed.period = departments.period
    and followed.member_id = departments.member_id
    and followed.dept_code = departments.dept_code
