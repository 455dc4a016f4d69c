-- One row per inpatient stay and day with charges: was anything done on it, and which bed and care fees were charged.
select
    charges.member_id,
    charges.encounter_id,
    charges.charged_on,
    sum(case
        when charges.charge_class in ('drug', 'consumable', 'high_value_consumable', 'exam', 'lab', 'treatment', 'surgery', 'anaesthesia')
            then charges.quantity
        else 0
    end) as service_quantity,
    sum(case when charges.charge_class = 'bed' then charges.quantity else 0 end) as bed_quantity,
    sum(case when charges.charge_class = 'nursing' and items.care_grade is not null then charges.quantity else 0 end) as care_quantity,
    {{ money("sum(case when charges.charge_class in ('bed', 'nursing', 'registration') then charges.amount else 0 end)") }} as idle_amount,
    {{ money('sum(charges.amount)') }} as amount,
    {{ money("sum(case when charges.charge_class in ('exam', 'lab') then charges.amount else 0 end)") }} as exam_amount,
    {{ money("sum(case when charges.charge_class in ('drug', 'treatment', 'surgery', 'anaesthesia') then charges.amount else 0 end)") }}
        as treatment_amount,
    sum(case when charges.charge_class in ('treatment', 'surgery', 'anaesthesia') then charges.quantity else 0 end) as treatment_quantity,
    {{ money("sum(case when charges.charge_class = 'drug' then charges.amount else 0 end)") }} as drug_amount,
    {{ money("sum(case when charges.charge_class in ('consumable', 'high_value_consumable') then charges.amount else 0 end)") }}
        as material_amount,
    sum(case when charges.charge_class in ('exam', 'lab') then charges.quantity else 0 end) as exam_quantity,
    sum(case when charges.charge_class in ('consumable', 'high_value_consumable') then charges.quantity else 0 end) as material_quantity,
    count(*) as lines
from {{ ref('int_risk__charge') }} as charges
left join {{ ref('int_risk__item') }} as items
    on charges.item_code = items.item_code
    and charges.charged_on >= items.valid_from
    and charges.charged_on <= coalesce(items.valid_to, charges.charged_on)
where charges.is_inpatient
group by charges.member_id, charges.encounter_id, charges.charged_on
