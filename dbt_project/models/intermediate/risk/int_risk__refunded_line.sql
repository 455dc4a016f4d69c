-- One row per charge line that a refund cancels, and per refund line that cancels one (X0 of domain 5.2).
-- The n-th refund of an encounter, item, price and quantity takes back the n-th latest charge before the last refund.
with lines as (
    select member_id, encounter_id, charge_id, item_code, charged_at, quantity, unit_price
    from {{ ref('int_core__charge') }}
),

refunds as (
    select
        member_id, encounter_id, item_code, unit_price, abs(quantity) as quantity,
        count(*) as refunds, max(charged_at) as last_refund_at
    from lines
    where quantity < 0
    group by all
),

ranked as (
    select
        lines.member_id,
        lines.encounter_id,
        lines.charge_id,
        lines.quantity,
        refunds.refunds,
        row_number() over (
            partition by lines.member_id, lines.encounter_id, lines.item_code, lines.unit_price, lines.quantity
            order by lines.charged_at desc, lines.charge_id desc
        ) as place,
        count(*) over (
            partition by lines.member_id, lines.encounter_id, lines.item_code, lines.unit_price, lines.quantity
        ) as same_lines,
        sum(case when lines.quantity > 0 then 1 else 0 end) over (
            partition by lines.member_id, lines.encounter_id, lines.item_code, lines.unit_price, abs(lines.quantity)
        ) as charges
    from lines
    inner join refunds
        on lines.member_id = refunds.member_id
        and lines.encounter_id = refunds.encounter_id
        and lines.item_code = refunds.item_code
        and lines.unit_price = refunds.unit_price
        and abs(lines.quantity) = refunds.quantity
        and (lines.quantity < 0 or lines.charged_at <= refunds.last_refund_at)
)

select member_id, encounter_id, charge_id
from ranked
where place <= least(refunds, charges)
