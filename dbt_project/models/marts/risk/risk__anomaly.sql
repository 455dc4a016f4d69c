-- One row per discharged stay with charges: how strange it is among cases of its DRG and department, and why (S2-RISK-49).
-- Score: isolation, 0 to 1; it orders cases and is no probability. A flag asks for a look, it is no finding.
select
    anomalies.period,
    anomalies.member_id,
    members.name as member_name,
    features.dept_code,
    departments.dept_name,
    anomalies.encounter_id,
    features.drg_code,
    drg.drg_name,
    features.amount,
    cast(anomalies.score as decimal(18, 6)) as score,
    anomalies.top_features,
    anomalies.is_flagged,
    anomalies.explanation,
    anomalies.peers,
    cast(anomalies.peer_cases as bigint) as peer_cases
from {{ ref('int_risk__anomaly') }} as anomalies
inner join {{ ref('int_risk__case_feature') }} as features
    on anomalies.member_id = features.member_id and anomalies.encounter_id = features.encounter_id
left join {{ ref('core__member') }} as members on anomalies.member_id = members.member_id
left join {{ ref('core__department') }} as departments
    on anomalies.period = departments.period
    and anomalies.member_id = departments.member_id
    and features.dept_code = departments.dept_code
left join {{ ref('drg') }} as drg
    on features.drg_code = drg.drg_code
    and {{ month_end('anomalies.period') }} >= drg.valid_from
    and {{ month_end('anomalies.period') }} <= coalesce(drg.valid_to, {{ month_end('anomalies.period') }})
