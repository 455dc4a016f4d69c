-- One row per charge line of an item that may not be charged beside another one charged in the same window (R30, S2-RISK-37):
-- pairs of the list, and items of one mutually exclusive group in one encounter on one day. Bed and care grades are R42's.
with pairs as (
    select
        member_id, encounter_id, charge_id, charged_on, item_code, item_name, amount,
        main_item_code, main_item_name, pair_window
    from {{ ref('int_risk__pair_hit') }}
    where relation in ('duplicate', 'exclusive') and not is_grade_conflict
),

grouped as (
    select
        member_id, encounter_id, charge_id, charged_on, item_code, item_name, amount,
        first_value(item_code) over dearest as main_item_code,
        first_value(item_name) over dearest as main_item_name,
        'day' as pair_window
    from {{ ref('int_risk__watched_line') }}
    where exclusive_group is not null and charge_class not in ('bed', 'nursing')
    window dearest as (
        partition by member_id, encounter_id, exclusive_group, charged_on order by unit_price desc, item_code
    )
),

hits as (
    select * from pairs
    union all
    select grouped.*
    from grouped
    left join pairs on grouped.member_id = pairs.member_id and grouped.charge_id = pairs.charge_id
    where grouped.item_code <> grouped.main_item_code and pairs.charge_id is null
)

select
    'R30' as rule_code,
    member_id,
    encounter_id,
    main_item_code || '+' || item_code || '@' || cast(charged_on as varchar) as subject,
    charge_id,
    charged_on as evidence_on,
    amount as amount_at_risk,
    true as is_certain,
    '项目' || item_name || '(' || item_code || ')与' || main_item_name || '(' || main_item_code || ')于'
    || cast(charged_on as varchar) || '同时收费,按重复收费目录(时限:' || pair_window || ')只能收取其一' as evidence
from hits
