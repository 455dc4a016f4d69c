-- One row per line of an item, no drug, charged to a person outside its ages (R61), inclusive. Drugs are R52's.
select
    'R61' as rule_code,
    member_id,
    encounter_id,
    item_code as subject,
    charge_id,
    charged_on as evidence_on,
    amount as amount_at_risk,
    true as is_certain,
    '项目' || item_name || '(' || item_code || ')限年龄' || coalesce(cast(age_min as varchar), '0') || '-'
    || coalesce(cast(age_max as varchar), '不限') || '岁,患者' || cast(age_years as varchar) || '岁' as evidence
from {{ ref('int_risk__watched_line') }}
where is_wrong_age and charge_class <> 'drug'
