-- One row per cheaper line where two grades of bed or of care were charged to one stay on one day (R42).
with lines as (
    select
        member_id,
        encounter_id,
        charge_id,
        charged_on,
        item_code,
        item_name,
        exclusive_group,
        charge_class,
        unit_price,
        amount
    from {{ ref('int_risk__watched_line') }}
    where exclusive_group is not null and charge_class in ('bed', 'nursing')
),

ranked as (
    select
        lines.*,
        first_value(item_code) over graded as dearest_item_code,
        first_value(item_name) over graded as dearest_item_name
    from lines
    window graded as (
        partition by member_id, encounter_id, exclusive_group, charged_on
        order by unit_price desc, item_code
    )
)

select
    'R42' as rule_code,
    member_id,
    encounter_id,
    exclusive_group || '@' || cast(charged_on as varchar) as subject,
    charge_id,
    charged_on as evidence_on,
    amount as amount_at_risk,
    true as is_certain,
    cast(charged_on as varchar) || '同日收取' || dearest_item_name || '(' || dearest_item_code || ')和' || item_name || '('
    || item_code || '),床位或护理等级不可同日并收' as evidence
from ranked
where item_code <> dearest_item_code
