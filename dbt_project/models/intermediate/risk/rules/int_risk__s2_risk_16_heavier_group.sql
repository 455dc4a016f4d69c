-- One row per stay billed in a heavier group than its codes give under the national tables, in another ADRG (S2-RISK-16);
-- within the ADRG it is R20's. Needs the national grouping tables.
select
    'S2-RISK-16' as rule_code,
    member_id,
    encounter_id,
    drg_code as subject,
    cast(null as varchar) as charge_id,
    ended_on as evidence_on,
    payment_difference as amount_at_risk,
    false as is_certain,
    '本次住院按' || drg_code || '(权重' || {{ plain('weight') }} || ')结算,而按国家分组方案依据其诊断和手术编码应入' || grouped_drg || '('
    || grouped_drg_name || ',权重' || {{ plain('grouped_weight') }} || '),疑似高套编码' as evidence
from {{ ref('int_risk__drg_difference') }}
where variant = 'as_coded' and coalesce(adrg <> grouped_adrg, true) and payment_difference > 0
