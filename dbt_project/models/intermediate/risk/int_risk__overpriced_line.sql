-- One row per charge line priced above what it may cost, beyond the rule's tolerance: the limit of the item for the member's level
-- on that day (R32), the price that a drug or consumable was last bought at (R41, zero mark-up).
with lines as (
    select watched.*, cases.period
    from {{ ref('int_risk__watched_line') }} as watched
    inner join {{ ref('int_risk__case') }} as cases
        on watched.member_id = cases.member_id and watched.encounter_id = cases.encounter_id
    where watched.is_over_price or watched.is_above_a_purchase
),

bounded as (
    select
        'R32' as rule_code, lines.period, lines.member_id, lines.encounter_id, lines.charge_id, lines.charged_on,
        lines.item_code, lines.item_name, lines.quantity, lines.unit_price,
        lines.price_limit as bound,
        cast(null as date) as bought_on
    from lines
    where lines.is_over_price
    union all
    select
        'R41' as rule_code, lines.period, lines.member_id, lines.encounter_id, lines.charge_id, lines.charged_on,
        lines.item_code, lines.item_name, lines.quantity, lines.unit_price,
        purchases.unit_price as bound,
        purchases.bought_on
    from lines
    inner join {{ ref('int_risk__purchase_price') }} as purchases
        on lines.member_id = purchases.member_id
        and lines.item_code = purchases.item_code
        and lines.charged_on >= purchases.bought_on
        and (lines.charged_on < purchases.next_bought_on or purchases.next_bought_on is null)
    where lines.is_above_a_purchase
        and lines.charge_class in ('drug', 'consumable', 'high_value_consumable')
),

tolerances as (
    select 'R32' as rule_code, period, tolerance from {{ rule_parameters('R32', ['tolerance']) }}
    union all
    select 'R41' as rule_code, period, tolerance from {{ rule_parameters('R41', ['tolerance']) }}
)

select
    bounded.rule_code,
    bounded.member_id,
    bounded.encounter_id,
    bounded.charge_id,
    bounded.charged_on,
    bounded.item_code,
    bounded.item_name,
    bounded.quantity,
    bounded.unit_price,
    bounded.bound,
    bounded.bought_on,
    {{ money('(bounded.unit_price - bounded.bound) * bounded.quantity') }} as amount_at_risk
from bounded
inner join tolerances on bounded.rule_code = tolerances.rule_code and bounded.period = tolerances.period
where bounded.unit_price > bounded.bound + tolerances.tolerance
