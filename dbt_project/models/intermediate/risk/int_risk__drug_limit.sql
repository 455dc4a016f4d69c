-- One row per drug and validity: what its payment is limited to, by the consortium's row and by the rule lists. Where both speak,
-- the consortium's row stands for sex, payer, level and setting, and the stricter one for ages and courses.
select
    coalesce(limits.drug_code, listed.item_code) as drug_code,
    coalesce(limits.drug_name, listed.item_name) as drug_name,
    limits.indication_icd_prefixes,
    coalesce(limits.payer_limit, listed.payer_limit) as payer_limit,
    coalesce(limits.level_limit, listed.level_limit) as level_limit,
    listed.setting_limit,
    coalesce(limits.sex_limit, listed.sex_limit) as sex_limit,
    greatest(limits.age_min, listed.age_min) as age_min,
    least(limits.age_max, listed.age_max) as age_max,
    least(limits.max_days, listed.max_days) as max_days,
    limits.valid_from,
    limits.valid_to
from {{ ref('drug_limits') }} as limits
full join (select * from {{ ref('int_risk__list_limit') }} where is_drug) as listed on limits.drug_code = listed.item_code
