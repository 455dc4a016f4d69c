-- One row per line of an item outside the insurer's catalogue (class C, 丙类) that was charged as one within it (R43).
select
    'R43' as rule_code,
    member_id,
    encounter_id,
    item_code as subject,
    charge_id,
    charged_on as evidence_on,
    amount as amount_at_risk,
    true as is_certain,
    '项目' || item_name || '(' || item_code || ')为医保目录外(丙类)项目,却按目录内项目上传' || {{ plain('amount') }} || '元' as evidence
from {{ ref('int_risk__watched_line') }}
where is_own_pay_as_insured and payer in ('employee', 'resident')
