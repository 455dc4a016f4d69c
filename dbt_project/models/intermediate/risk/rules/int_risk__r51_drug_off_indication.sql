-- One row per line of a restricted drug where no diagnosis of the encounter is among its indications (R51, S2-RISK-18).
select
    'R51' as rule_code,
    member_id,
    encounter_id,
    item_code as subject,
    charge_id,
    charged_on as evidence_on,
    amount as amount_at_risk,
    false as is_certain,
    '药品' || item_name || '(' || item_code || ')限定适应症' || indication_icd_prefixes
    || ',本次就诊全部诊断均不在范围内,疑似超适应症用药' as evidence
from {{ ref('int_risk__unindicated_line') }}
where kind = 'drug'
