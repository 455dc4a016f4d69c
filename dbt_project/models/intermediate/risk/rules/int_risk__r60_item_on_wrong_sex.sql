-- One row per line of an item, no drug, charged to a person of the other sex (R60). Sex U never violates; drugs are R52's.
select
    'R60' as rule_code,
    member_id,
    encounter_id,
    item_code as subject,
    charge_id,
    charged_on as evidence_on,
    amount as amount_at_risk,
    true as is_certain,
    '项目' || item_name || '(' || item_code || ')限性别' || sex_limit || ',患者性别为' || sex as evidence
from {{ ref('int_risk__watched_line') }}
where is_wrong_sex and charge_class <> 'drug'
