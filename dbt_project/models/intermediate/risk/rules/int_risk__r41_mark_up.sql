-- One row per charge line of a drug or consumable sold above the price it was last bought at (R41, zero mark-up).
select
    rule_code,
    member_id,
    encounter_id,
    item_code || '@' || cast(charged_on as varchar) as subject,
    charge_id,
    charged_on as evidence_on,
    amount_at_risk,
    true as is_certain,
    '药品耗材' || item_name || '(' || item_code || ')售价' || {{ plain('unit_price') }} || '元,高于最近一次('
    || cast(bought_on as varchar) || ')进价' || {{ plain('bound') }} || '元,违反零加成' as evidence
from {{ ref('int_risk__overpriced_line') }}
where rule_code = 'R41'
