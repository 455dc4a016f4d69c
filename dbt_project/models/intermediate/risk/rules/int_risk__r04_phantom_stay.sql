-- One row per bed or care line on the empty days of a stay that has too many of them (R04, S2-RISK-41); admission and discharge day left out.
with stays as (
    select * from {{ ref('int_risk__stay') }}
    where ended_on is not null
),

bounds as (
    select * from {{ rule_parameters('R04', ['min_los', 'min_empty_days', 'min_empty_share']) }}
),

served as (
    select stays.member_id, stays.encounter_id, count(*) as served_days
    from stays
    inner join {{ ref('int_risk__stay_day') }} as days
        on stays.member_id = days.member_id
        and stays.encounter_id = days.encounter_id
        and days.charged_on > stays.started_on
        and days.charged_on < stays.ended_on
    where days.service_quantity > 0
    group by stays.member_id, stays.encounter_id
),

-- A stay without a single charge line is one whose charges aren't delivered: nothing can be said of it.
charged as (
    select distinct member_id, encounter_id from {{ ref('int_risk__stay_day') }}
),

empty as (
    select
        stays.member_id,
        stays.encounter_id,
        stays.started_on,
        stays.ended_on,
        stays.los,
        stays.los - 1 - coalesce(served.served_days, 0) as empty_days
    from stays
    inner join bounds on stays.period = bounds.period
    inner join charged on stays.member_id = charged.member_id and stays.encounter_id = charged.encounter_id
    left join served on stays.member_id = served.member_id and stays.encounter_id = served.encounter_id
    where stays.los >= bounds.min_los
        and stays.los - 1 - coalesce(served.served_days, 0) >= bounds.min_empty_days
        and stays.los - 1 - coalesce(served.served_days, 0) >= bounds.min_empty_share * stays.los
),

idle_days as (
    select days.member_id, days.encounter_id, days.charged_on
    from {{ ref('int_risk__stay_day') }} as days
    where days.service_quantity <= 0
),

idle_lines as (
    select
        empty.*,
        charges.charge_id,
        charges.amount
    from empty
    left join idle_days
        on empty.member_id = idle_days.member_id
        and empty.encounter_id = idle_days.encounter_id
        and idle_days.charged_on > empty.started_on
        and idle_days.charged_on < empty.ended_on
    left join {{ ref('int_risk__charge') }} as charges
        on idle_days.member_id = charges.member_id
        and idle_days.encounter_id = charges.encounter_id
        and idle_days.charged_on = charges.charged_on
        and charges.quantity > 0
)

select
    'R04' as rule_code,
    member_id,
    encounter_id,
    'stay' as subject,
    charge_id,
    ended_on as evidence_on,
    coalesce(amount, 0) as amount_at_risk,
    false as is_certain,
    '住院' || cast(los as varchar) || '天(' || cast(started_on as varchar) || '至' || cast(ended_on as varchar) || '),其中'
    || cast(empty_days as varchar) || '天(不含出入院当日)没有任何治疗、检查、化验、用药或手术收费,疑似挂床住院' as evidence
from idle_lines
