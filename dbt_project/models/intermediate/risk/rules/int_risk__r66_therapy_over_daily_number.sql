-- One row per line of the kinds of physical therapy beyond the number that a person may get on a day (R66); the cheapest kinds are
-- the excess. How often one kind may be given on a day is its own maximum (R31).
with lines as (
    select charges.*
    from {{ ref('int_risk__charge') }} as charges
    inner join {{ ref('int_risk__item') }} as items
        on charges.item_code = items.item_code
        and items.item_group = 'physical_therapy'
        and charges.charged_on >= items.valid_from
        and charges.charged_on <= coalesce(items.valid_to, charges.charged_on)
    where charges.quantity > 0
),

bounds as (
    select * from {{ rule_parameters('R66', ['max_items']) }}
),

kinds as (
    select
        member_id,
        patient_id,
        charged_on,
        item_code,
        count(*) over (partition by member_id, patient_id, charged_on) as day_kinds,
        row_number() over (partition by member_id, patient_id, charged_on order by max(unit_price) desc, item_code) as place
    from lines
    group by member_id, patient_id, charged_on, item_code
)

select
    'R66' as rule_code,
    lines.member_id,
    lines.encounter_id,
    cast(lines.charged_on as varchar) as subject,
    lines.charge_id,
    lines.charged_on as evidence_on,
    lines.amount as amount_at_risk,
    false as is_certain,
    cast(lines.charged_on as varchar) || '对同一患者收取' || cast(kinds.day_kinds as varchar) || '种康复理疗项目,每日限'
    || {{ plain('bounds.max_items') }} || '种' as evidence
from lines
inner join {{ ref('int_risk__case') }} as cases
    on lines.member_id = cases.member_id and lines.encounter_id = cases.encounter_id
inner join bounds on cases.period = bounds.period
inner join kinds
    on lines.member_id = kinds.member_id
    and lines.patient_id = kinds.patient_id
    and lines.charged_on = kinds.charged_on
    and lines.item_code = kinds.item_code
where kinds.place > bounds.max_items
