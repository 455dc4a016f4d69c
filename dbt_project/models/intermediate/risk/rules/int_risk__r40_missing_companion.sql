-- One row per charge line of an item that needs another one which wasn't charged in the pair's window (R40), and per
-- anaesthesia line of an encounter without any operation. High-value consumables are R39's.
with lines as (
    select * from {{ ref('int_risk__watched_line') }}
),

pairs as (
    select * from {{ ref('int_risk__item_pair') }}
    where relation = 'needs' and item_class <> 'high_value_consumable'
),

in_need as (
    select
        lines.*,
        pairs.with_item_code,
        pairs.pair_window
    from lines
    inner join pairs
        on lines.item_code = pairs.item_code
        and lines.charged_on >= pairs.valid_from
        and lines.charged_on <= coalesce(pairs.valid_to, lines.charged_on)
),

accompanied as (
    select distinct in_need.member_id, in_need.charge_id, in_need.with_item_code
    from in_need
    inner join lines
        on in_need.member_id = lines.member_id
        and in_need.patient_id = lines.patient_id
        and in_need.with_item_code = lines.item_code
        and {{ in_same_window('in_need.pair_window', 'in_need', 'lines') }}
),

operated as (
    select distinct member_id, encounter_id from lines where charge_class = 'surgery'
    union
    select distinct member_id, encounter_id from {{ ref('stg_procedures') }}
),

missing as (
    select in_need.*, in_need.with_item_code as missing_item
    from in_need
    left join accompanied
        on in_need.member_id = accompanied.member_id
        and in_need.charge_id = accompanied.charge_id
        and in_need.with_item_code = accompanied.with_item_code
    where accompanied.charge_id is null
),

unoperated as (
    select lines.*
    from lines
    left join operated on lines.member_id = operated.member_id and lines.encounter_id = operated.encounter_id
    where lines.charge_class = 'anaesthesia' and operated.encounter_id is null
)

select
    'R40' as rule_code,
    member_id,
    encounter_id,
    item_code || '-' || missing_item as subject,
    charge_id,
    charged_on as evidence_on,
    amount as amount_at_risk,
    false as is_certain,
    '项目' || item_name || '(' || item_code || ')于' || cast(charged_on as varchar) || '收费,但没有必须同时存在的项目'
    || missing_item || '(时限:' || pair_window || ')' as evidence
from missing
union all
select
    'R40' as rule_code,
    member_id,
    encounter_id,
    item_code || '-operation' as subject,
    charge_id,
    charged_on as evidence_on,
    amount as amount_at_risk,
    false as is_certain,
    '麻醉项目' || item_name || '(' || item_code || ')于' || cast(charged_on as varchar) || '收费,但本次就诊没有任何手术' as evidence
from unoperated
