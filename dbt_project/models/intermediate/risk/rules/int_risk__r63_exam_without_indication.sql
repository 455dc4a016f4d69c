-- One row per line of an exam for which no diagnosis of the encounter is among its indications (R63, S2-RISK-40, TC-78).
select
    'R63' as rule_code,
    member_id,
    encounter_id,
    item_code as subject,
    charge_id,
    charged_on as evidence_on,
    amount as amount_at_risk,
    false as is_certain,
    '检查' || item_name || '(' || item_code || ')的适应症为' || indication_icd_prefixes
    || ',本次就诊全部诊断均不在范围内,疑似无指征检查' as evidence
from {{ ref('int_risk__unindicated_line') }}
where kind = 'exam'
