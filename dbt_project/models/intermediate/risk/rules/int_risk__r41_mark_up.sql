-- One row per charge line of a drug or consumable sold above the price it was last bought at (R41, zero mark-up).
with lines as (
    select watched.*, cases.period
    from {{ ref('int_risk__watched_line') }} as watched
    inner join {{ ref('int_risk__case') }} as cases
        on watched.member_id = cases.member_id and watched.encounter_id = cases.encounter_id
    where watched.is_above_a_purchase
        and watched.charge_class in ('drug', 'consumable', 'high_value_consumable')
),

bounds as (
    select * from {{ rule_parameters('R41', ['tolerance']) }}
)

select
    'R41' as rule_code,
    lines.member_id,
    lines.encounter_id,
    lines.item_code || '@' || cast(lines.charged_on as varchar) as subject,
    lines.charge_id,
    lines.charged_on as evidence_on,
    {{ money('(lines.unit_price - purchases.unit_price) * lines.quantity') }} as amount_at_risk,
    true as is_certain,
    '药品耗材' || lines.item_name || '(' || lines.item_code || ')售价' || {{ plain('lines.unit_price') }} || '元,高于最近一次('
    || cast(purchases.bought_on as varchar) || ')进价' || {{ plain('purchases.unit_price') }} || '元,违反零加成' as evidence
from lines
inner join bounds on lines.period = bounds.period
inner join {{ ref('int_risk__purchase_price') }} as purchases
    on lines.member_id = purchases.member_id
    and lines.item_code = purchases.item_code
    and lines.charged_on >= purchases.bought_on
    and (lines.charged_on < purchases.next_bought_on or purchases.next_bought_on is null)
where lines.unit_price > purchases.unit_price + bounds.tolerance
