-- One row per charge line priced above the limit of the item for the member's level on that day (R32).
select
    rule_code,
    member_id,
    encounter_id,
    item_code || '@' || cast(charged_on as varchar) as subject,
    charge_id,
    charged_on as evidence_on,
    amount_at_risk,
    true as is_certain,
    '项目' || item_name || '(' || item_code || ')单价' || {{ plain('unit_price') }} || '元,高于本级机构最高限价'
    || {{ plain('bound') }} || '元,数量' || {{ plain('quantity') }} as evidence
from {{ ref('int_risk__overpriced_line') }}
where rule_code = 'R32'
