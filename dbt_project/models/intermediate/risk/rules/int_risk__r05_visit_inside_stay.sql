-- One row per outpatient or emergency visit on a day strictly inside a stay of the same person, in any member (R05).
-- A stay that has not ended lasts, as far as is known, through the month that delivered it.
-- A visit that is a remote service asked for during the stay (会诊, 外送) is no second presence.
with visits as (
    select * from {{ ref('int_risk__case') }}
    where encounter_type in ('outpatient', 'emergency')
),

stays as (
    select * from {{ ref('int_risk__stay') }}
),

asked_for as (
    select distinct encounter_id from {{ ref('int_core__remote_services') }}
    where encounter_id is not null
),

pairs as (
    select
        visits.member_id,
        visits.encounter_id,
        visits.started_on,
        visits.fund_paid,
        stays.member_id as stay_member_id,
        stays.encounter_id as stay_encounter_id,
        stays.started_on as stay_started_on,
        stays.ended_on as stay_ended_on,
        row_number() over (
            partition by visits.member_id, visits.encounter_id
            order by stays.started_on desc, stays.member_id, stays.encounter_id
        ) as place
    from visits
    inner join stays
        on visits.patient_id = stays.patient_id
        and visits.started_on > stays.started_on
        and visits.started_on < coalesce(stays.ended_on, {{ day_add('stays.in_bed_until', 1) }})
    left join asked_for on visits.encounter_id = asked_for.encounter_id
    where asked_for.encounter_id is null
)

select
    'R05' as rule_code,
    member_id,
    encounter_id,
    stay_member_id || '/' || stay_encounter_id as subject,
    cast(null as varchar) as charge_id,
    started_on as evidence_on,
    fund_paid as amount_at_risk,
    false as is_certain,
    '患者于' || cast(started_on as varchar) || '在本机构门急诊就诊并结算,而当日正在机构' || stay_member_id || '住院('
    || cast(stay_started_on as varchar) || '至' || coalesce(cast(stay_ended_on as varchar), '今仍在院') || ',住院号' || stay_encounter_id
    || '),疑似挂床住院或冒名就诊' as evidence
from pairs
where place = 1
