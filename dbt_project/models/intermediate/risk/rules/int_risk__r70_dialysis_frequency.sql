-- One row per dialysis session of a person beyond the number of a month, or sooner after the last one than the least interval (R70).
with sessions as (
    select
        watched.*,
        cases.period as case_period,
        {{ month_of('watched.charged_on') }} as month,
        sum(watched.quantity) over (
            partition by watched.patient_id, {{ month_of('watched.charged_on') }}
            order by watched.charged_at, watched.member_id, watched.charge_id
            rows between unbounded preceding and current row
        ) as session_of_month,
        watched.charged_minute - lag(watched.charged_minute) over (
            partition by watched.patient_id order by watched.charged_at, watched.member_id, watched.charge_id
        ) as minutes_since
    from {{ ref('int_risk__watched_line') }} as watched
    inner join {{ ref('int_risk__case') }} as cases
        on watched.member_id = cases.member_id and watched.encounter_id = cases.encounter_id
    where watched.item_group = 'dialysis'
),

bounds as (
    select * from {{ rule_parameters('R70', ['max_sessions', 'min_gap_hours']) }}
)

select
    'R70' as rule_code,
    sessions.member_id,
    sessions.encounter_id,
    sessions.month as subject,
    sessions.charge_id,
    sessions.charged_on as evidence_on,
    {{ money('least(sessions.quantity, greatest(sessions.session_of_month - bounds.max_sessions, case when sessions.minutes_since < bounds.min_gap_hours * 60 then sessions.quantity else 0 end)) * sessions.unit_price') }}
        as amount_at_risk,
    false as is_certain,
    '透析' || cast(sessions.charged_on as varchar) || '为' || sessions.month || '第' || {{ plain('sessions.session_of_month') }} || '次'
    || case
        when sessions.session_of_month > bounds.max_sessions then ',超过每月' || {{ plain('bounds.max_sessions') }} || '次'
        else ',距上次不足' || {{ plain('bounds.min_gap_hours') }} || '小时'
    end as evidence
from sessions
inner join bounds on sessions.case_period = bounds.period
where sessions.session_of_month > bounds.max_sessions
    or sessions.minutes_since < bounds.min_gap_hours * 60
