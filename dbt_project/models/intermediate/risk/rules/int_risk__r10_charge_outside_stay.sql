-- One row per charge dated before admission, after discharge (beyond the grace days) or after death (R10).
-- Results of the laboratory may be booked late and are left out.
with lines as (
    select watched.*, cases.period
    from {{ ref('int_risk__watched_line') }} as watched
    inner join {{ ref('int_risk__case') }} as cases
        on watched.member_id = cases.member_id and watched.encounter_id = cases.encounter_id
    where watched.is_outside_stay
),

bounds as (
    select * from {{ rule_parameters('R10', ['grace_days']) }}
)

select
    'R10' as rule_code,
    lines.member_id,
    lines.encounter_id,
    lines.charge_id as subject,
    lines.charge_id,
    lines.charged_on as evidence_on,
    lines.amount as amount_at_risk,
    true as is_certain,
    '项目' || lines.item_name || '(' || lines.item_code || ')收费日期' || cast(lines.charged_on as varchar) || ',不在住院期间('
    || cast(lines.started_on as varchar) || '至' || coalesce(cast(lines.ended_on as varchar), '在院') || ')'
    || case when lines.disposition = 'died' and lines.charged_on > lines.ended_on then ',患者已死亡' else '' end as evidence
from lines
inner join bounds on lines.period = bounds.period
where lines.charged_on < lines.started_on
    or lines.disposition = 'died' and lines.charge_class <> 'lab' and lines.charged_on > lines.ended_on
    or lines.charge_class <> 'lab' and {{ days_between('lines.ended_on', 'lines.charged_on') }} > bounds.grace_days
