-- One row per charge line beyond the hours of a day of an item charged by the hour (R34).
select
    'R34' as rule_code,
    member_id,
    encounter_id,
    item_code || '@' || cast(charged_on as varchar) as subject,
    charge_id,
    charged_on as evidence_on,
    {{ money('excess_quantity * unit_price') }} as amount_at_risk,
    true as is_certain,
    '按小时计价的项目' || item_name || '(' || item_code || ')于' || cast(charged_on as varchar) || '收费' || {{ plain('day_quantity') }}
    || '小时,超过' || {{ plain('day_limit') }} || '小时' as evidence
from {{ ref('int_risk__excess_line') }}
where is_hourly
