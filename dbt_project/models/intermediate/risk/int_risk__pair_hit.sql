-- One row per charge line of a sub item for which its main item was charged to the same person in the pair's window.
-- What R30, R35, R42 and R64 share; the needs pairs (R39, R40) ask the opposite question and have their own models.
with lines as (
    select * from {{ ref('int_risk__watched_line') }}
    where is_meeting
),

pairs as (
    select * from {{ ref('int_risk__item_pair') }}
    where relation in ('exclusive', 'included', 'duplicate')
),

hits as (
    select
        pairs.relation,
        pairs.is_grade_conflict,
        pairs.pair_window,
        sub.member_id,
        sub.encounter_id,
        sub.charge_id,
        sub.charged_on,
        sub.item_code,
        sub.item_name,
        sub.amount,
        main.item_code as main_item_code,
        main.item_name as main_item_name,
        main.charge_id as main_charge_id,
        main.amount as main_amount,
        row_number() over (
            partition by pairs.relation, sub.member_id, sub.charge_id
            order by main.charged_at, main.charge_id
        ) as place
    from lines as sub
    inner join pairs
        on sub.item_code = pairs.with_item_code
        and sub.charged_on >= pairs.valid_from
        and sub.charged_on <= coalesce(pairs.valid_to, sub.charged_on)
    inner join lines as main
        on main.member_id = sub.member_id
        and main.patient_id = sub.patient_id
        and main.item_code = pairs.item_code
        and main.charge_id <> sub.charge_id
        and {{ in_same_window('pairs.pair_window', 'sub', 'main') }}
)

select
    relation,
    is_grade_conflict,
    pair_window,
    member_id,
    encounter_id,
    charge_id,
    charged_on,
    item_code,
    item_name,
    amount,
    main_item_code,
    main_item_name,
    main_charge_id,
    main_amount
from hits
where place = 1
