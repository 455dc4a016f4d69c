-- One row per stay whose bill is far below what its group is paid, and that every secondary diagnosis in the principal one's place
-- would bring into a lighter group (R21, S2-RISK-16). Needs the national grouping tables. At risk: down to the heaviest of them.
with swapped as (
    select
        *,
        row_number() over (
            partition by member_id, encounter_id order by grouped_weight desc, principal
        ) as place
    from {{ ref('int_risk__drg_difference') }}
    where variant = 'swapped' and grouped_weight is not null
),

cases as (
    select member_id, encounter_id, principal, grouped_drg
    from {{ ref('int_risk__drg_difference') }}
    where variant = 'as_coded'
)

select
    'R21' as rule_code,
    swapped.member_id,
    swapped.encounter_id,
    swapped.drg_code as subject,
    cast(null as varchar) as charge_id,
    swapped.ended_on as evidence_on,
    swapped.payment_difference as amount_at_risk,
    false as is_certain,
    '本次住院主要诊断' || cases.principal || ',按' || swapped.drg_code || '(权重' || {{ plain('swapped.weight') }}
    || ')结算,而总费用远低于该组标准;以次要诊断' || swapped.principal || '为主要诊断应入' || swapped.grouped_drg || '(权重'
    || {{ plain('swapped.grouped_weight') }} || '),疑似主要诊断选择高套' as evidence
from swapped
inner join cases
    on swapped.member_id = cases.member_id
    and swapped.encounter_id = cases.encounter_id
    and swapped.drg_code = cases.grouped_drg
where swapped.place = 1 and swapped.payment_difference > 0
