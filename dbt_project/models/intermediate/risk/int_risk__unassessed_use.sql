-- One row per encounter that used a new technique or consumable before its insurance assessment (S2-RISK-08): what it was charged.
-- Only items of seeds/item_assessments.csv need one; without a date they haven't passed yet.
select
    charges.member_id,
    charges.encounter_id,
    min(charges.item_code) as item_code,
    {{ money('sum(charges.amount)') }} as amount
from {{ ref('int_core__charge') }} as charges
inner join {{ ref('item_assessments') }} as assessments on charges.item_code = assessments.item_code
where cast(charges.charged_at as date) < coalesce(assessments.assessed_on, {{ day_add('cast(charges.charged_at as date)', 1) }})
group by charges.member_id, charges.encounter_id
