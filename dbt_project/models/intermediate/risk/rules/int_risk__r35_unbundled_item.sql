-- One row per charge line of a component charged beside the bundle that contains it (R35, S2-RISK-38).
select
    'R35' as rule_code,
    member_id,
    encounter_id,
    main_item_code || '>' || item_code || '@' || cast(charged_on as varchar) as subject,
    charge_id,
    charged_on as evidence_on,
    amount as amount_at_risk,
    true as is_certain,
    '项目' || item_name || '(' || item_code || ')已包含在' || main_item_name || '(' || main_item_code || ')的项目内涵中,'
    || cast(charged_on as varchar) || '又单独收费' || {{ plain('amount') }} || '元,属分解项目收费' as evidence
from {{ ref('int_risk__pair_hit') }}
where relation = 'included'
