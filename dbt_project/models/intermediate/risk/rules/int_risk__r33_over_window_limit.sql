-- One row per charge line with which an item passes the quantity allowed to one person in its window (R33).
-- Windows: visit, hour, 6h or a rolling number of days ending with the line; day limits are R31's.
with lines as (
    select * from {{ ref('int_risk__watched_line') }}
    where window_limit is not null
),

counted as (
    select
        later.member_id,
        later.encounter_id,
        later.charge_id,
        later.charged_on,
        later.item_code,
        later.item_name,
        later.quantity,
        later.unit_price,
        later.window_limit,
        later.limit_window,
        sum(earlier.quantity) as window_quantity
    from lines as later
    inner join lines as earlier
        on later.member_id = earlier.member_id
        and later.patient_id = earlier.patient_id
        and later.item_code = earlier.item_code
        and (
            earlier.charged_at < later.charged_at
            or earlier.charged_at = later.charged_at and earlier.charge_id <= later.charge_id
        )
        and {{ in_same_window('later.limit_window', 'later', 'earlier') }}
    group by all
)

select
    'R33' as rule_code,
    member_id,
    encounter_id,
    item_code || '@' || cast(charged_on as varchar) as subject,
    charge_id,
    charged_on as evidence_on,
    {{ money('least(quantity, window_quantity - window_limit) * unit_price') }} as amount_at_risk,
    true as is_certain,
    '项目' || item_name || '(' || item_code || ')截至' || cast(charged_on as varchar) || '在限定周期(' || limit_window || ')内累计收费'
    || {{ plain('window_quantity') }} || '次,限' || {{ plain('window_limit') }} || '次' as evidence
from counted
where window_quantity > window_limit
