-- One row per charge line of a drug or consumable with which a member bills more in a quarter than left its stock (R38):
-- opening + received - closing of the months that its stock was delivered for. The latest lines of the quarter are the excess.
with used as (
    select
        member_id,
        item_code,
        period,
        substr(period, 1, 4) || 'Q' || cast(cast(floor((cast(substr(period, 6, 2) as integer) - 1) / 3.0) as integer) + 1 as varchar) as quarter,
        opening_qty + received_qty - closing_qty as used_quantity
    from {{ ref('stg_stock') }}
    where item_class in ('drug', 'consumable', 'high_value_consumable')
),

monthly as (
    select member_id, item_code, period, sum(quantity) as billed_quantity
    from {{ ref('int_core__charge') }}
    where charge_class in ('drug', 'consumable', 'high_value_consumable')
    group by member_id, item_code, period
),

bounds as (
    select * from {{ rule_parameters('R38', ['tolerance']) }}
),

quarters as (
    select
        used.member_id,
        used.item_code,
        used.quarter,
        min(used.period) as first_period,
        max(used.period) as last_period,
        sum(used.used_quantity) as used_quantity,
        coalesce(sum(monthly.billed_quantity), 0) as billed_quantity
    from used
    left join monthly
        on used.member_id = monthly.member_id and used.item_code = monthly.item_code and used.period = monthly.period
    group by used.member_id, used.item_code, used.quarter
),

beyond as (
    select quarters.*, quarters.billed_quantity - quarters.used_quantity as excess
    from quarters
    inner join bounds on quarters.last_period = bounds.period
    where quarters.billed_quantity > quarters.used_quantity * (1 + bounds.tolerance)
),

lines as (
    select
        beyond.*,
        charges.encounter_id,
        charges.charge_id,
        charges.charged_on,
        charges.item_name,
        charges.quantity,
        charges.unit_price,
        coalesce(sum(charges.quantity) over (
            partition by beyond.member_id, beyond.item_code, beyond.quarter
            order by charges.charged_at desc, charges.charge_id desc
            rows between unbounded preceding and 1 preceding
        ), 0) as later_quantity
    from beyond
    inner join {{ ref('int_risk__charge') }} as charges
        on beyond.member_id = charges.member_id
        and beyond.item_code = charges.item_code
        and {{ month_of('charges.charged_on') }} between beyond.first_period and beyond.last_period
        and charges.quantity > 0
)

select
    'R38' as rule_code,
    member_id,
    encounter_id,
    item_code || '@' || quarter as subject,
    charge_id,
    charged_on as evidence_on,
    {{ money('least(quantity, excess - later_quantity) * unit_price') }} as amount_at_risk,
    true as is_certain,
    item_name || '(' || item_code || ')' || quarter || '收费数量' || {{ plain('billed_quantity') }} || ',期初加入库减期末仅'
    || {{ plain('used_quantity') }} || ',进销存不符' as evidence
from lines
where later_quantity < excess
