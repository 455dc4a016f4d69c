-- One row per line of an exam, a test or an operation that a second member claims for the same person on the same day
-- (S5-RISK-01, S5-TREAS-16, S5-SHARE-07). Whole stays claimed twice are R06's, visits inside a stay R05's.
with lines as (
    select * from {{ ref('int_risk__met_elsewhere') }}
    where charge_class in ('exam', 'lab', 'surgery')
),

pairs as (
    select
        later.member_id,
        later.encounter_id,
        later.charge_id,
        later.charged_on,
        later.item_code,
        later.item_name,
        least(later.amount, earlier.amount) as amount_at_risk,
        earlier.member_id as earlier_member_id,
        earlier.encounter_id as earlier_encounter_id,
        row_number() over (
            partition by later.member_id, later.charge_id order by earlier.charged_at, earlier.member_id, earlier.charge_id
        ) as place
    from lines as later
    inner join lines as earlier
        on later.patient_id = earlier.patient_id
        and later.item_code = earlier.item_code
        and later.charged_on = earlier.charged_on
        and later.member_id <> earlier.member_id
        and (earlier.charged_at, earlier.member_id, earlier.charge_id) < (later.charged_at, later.member_id, later.charge_id)
)

select
    'S5-RISK-01' as rule_code,
    member_id,
    encounter_id,
    item_code || '@' || cast(charged_on as varchar) as subject,
    charge_id,
    charged_on as evidence_on,
    amount_at_risk,
    false as is_certain,
    '项目' || item_name || '(' || item_code || ')于' || cast(charged_on as varchar) || '在本机构收费,同日成员机构' || earlier_member_id
    || '(就诊号' || earlier_encounter_id || ')已为同一患者收取同一项目,疑似重复申报' as evidence
from pairs
where place = 1
