-- One row per charge line priced above the limit of the item for the member's level on that day (R32).
with lines as (
    select watched.*, cases.period
    from {{ ref('int_risk__watched_line') }} as watched
    inner join {{ ref('int_risk__case') }} as cases
        on watched.member_id = cases.member_id and watched.encounter_id = cases.encounter_id
    where watched.is_over_price
),

bounds as (
    select * from {{ rule_parameters('R32', ['tolerance']) }}
)

select
    'R32' as rule_code,
    lines.member_id,
    lines.encounter_id,
    lines.item_code || '@' || cast(lines.charged_on as varchar) as subject,
    lines.charge_id,
    lines.charged_on as evidence_on,
    {{ money('(lines.unit_price - lines.price_limit) * lines.quantity') }} as amount_at_risk,
    true as is_certain,
    '项目' || lines.item_name || '(' || lines.item_code || ')单价' || {{ plain('lines.unit_price') }} || '元,高于本级机构最高限价'
    || {{ plain('lines.price_limit') }} || '元,数量' || {{ plain('lines.quantity') }} as evidence
from lines
inner join bounds on lines.period = bounds.period
where lines.unit_price > lines.price_limit + bounds.tolerance
