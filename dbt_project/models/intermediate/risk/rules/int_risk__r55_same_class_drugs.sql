-- One row per line of the cheaper drug where two of one watched class were given to one person on one day (R55).
with lines as (
    select
        *,
        row_number() over (
            partition by member_id, patient_id, item_group, charged_on order by unit_price desc, item_code
        ) as place
    from {{ ref('int_risk__watched_line') }}
    where is_meeting and item_group like 'drug_class%' and payer <> 'self'
),

dearest as (
    select member_id, patient_id, item_group, charged_on, item_code, item_name from lines
    where place = 1
)

select
    'R55' as rule_code,
    lines.member_id,
    lines.encounter_id,
    lines.item_code || '+' || dearest.item_code || '@' || cast(lines.charged_on as varchar) as subject,
    lines.charge_id,
    lines.charged_on as evidence_on,
    lines.amount as amount_at_risk,
    false as is_certain,
    '药品' || lines.item_name || '(' || lines.item_code || ')与' || dearest.item_name || '(' || dearest.item_code || ')于'
    || cast(lines.charged_on as varchar) || '同日使用,同属' || groups.name_zh || ',疑似同类重复用药' as evidence
from lines
inner join dearest
    on lines.member_id = dearest.member_id
    and lines.patient_id = dearest.patient_id
    and lines.item_group = dearest.item_group
    and lines.charged_on = dearest.charged_on
    and lines.item_code <> dearest.item_code
inner join (select item_group, max(name_zh) as name_zh from {{ ref('risk_item_groups') }} group by item_group) as groups
    on lines.item_group = groups.item_group
