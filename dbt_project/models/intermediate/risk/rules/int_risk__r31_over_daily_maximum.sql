-- One row per charge line beyond the daily maximum of its item for one person (R31, S2-RISK-37, TC-76).
select
    'R31' as rule_code,
    member_id,
    encounter_id,
    item_code || '@' || cast(charged_on as varchar) as subject,
    charge_id,
    charged_on as evidence_on,
    {{ money('excess_quantity * unit_price') }} as amount_at_risk,
    true as is_certain,
    '项目' || item_name || '(' || item_code || ')于' || cast(charged_on as varchar) || '对同一患者收费' || {{ plain('day_quantity') }}
    || '次,每日限' || {{ plain('day_limit') }} || '次,超出' || {{ plain('day_excess') }} || '次' as evidence
from {{ ref('int_risk__excess_line') }}
where not is_hourly
