-- One row per line of a high-value consumable without the operation it belongs to (R39): the operation its needs pair names
-- in the pair's window, or, without a pair, any operation within the rule's days.
with lines as (
    select watched.*, cases.period
    from {{ ref('int_risk__watched_line') }} as watched
    inner join {{ ref('int_risk__case') }} as cases
        on watched.member_id = cases.member_id and watched.encounter_id = cases.encounter_id
    where watched.charge_class = 'high_value_consumable'
),

pairs as (
    select * from {{ ref('int_risk__item_pair') }}
    where relation = 'needs'
),

bounds as (
    select * from {{ rule_parameters('R39', ['window_days']) }}
),

operations as (
    select member_id, encounter_id, charged_on as operated_on
    from {{ ref('int_risk__watched_line') }}
    where charge_class = 'surgery'
    union all
    select member_id, encounter_id, performed_on as operated_on
    from {{ ref('stg_procedures') }}
),

with_operation as (
    select distinct lines.member_id, lines.charge_id
    from lines
    inner join bounds on lines.period = bounds.period
    inner join operations
        on lines.member_id = operations.member_id
        and lines.encounter_id = operations.encounter_id
        and abs({{ days_between('lines.charged_on', 'operations.operated_on') }}) <= bounds.window_days
    left join pairs on lines.item_code = pairs.item_code
    where pairs.item_code is null
    union
    select lines.member_id, lines.charge_id
    from lines
    inner join pairs on lines.item_code = pairs.item_code
    inner join {{ ref('int_risk__watched_line') }} as operation
        on lines.member_id = operation.member_id
        and lines.patient_id = operation.patient_id
        and operation.item_code = pairs.with_item_code
        and {{ in_same_window('pairs.pair_window', 'lines', 'operation') }}
)

select
    'R39' as rule_code,
    lines.member_id,
    lines.encounter_id,
    lines.item_code as subject,
    lines.charge_id,
    lines.charged_on as evidence_on,
    lines.amount as amount_at_risk,
    true as is_certain,
    '高值耗材' || lines.item_name || '(' || lines.item_code || ')于' || cast(lines.charged_on as varchar) || '收费'
    || {{ plain('lines.amount') }} || '元,但没有与之对应的手术收费' as evidence
from lines
left join with_operation
    on lines.member_id = with_operation.member_id and lines.charge_id = with_operation.charge_id
where with_operation.charge_id is null
