-- One row per charge line of a drug with a limit in force on its day, beside that limit: what R50, R51 and R52 share.
select
    lines.member_id,
    lines.encounter_id,
    lines.charge_id,
    lines.charged_on,
    lines.item_code,
    lines.item_name,
    lines.amount,
    lines.member_level,
    lines.payer,
    lines.encounter_type,
    lines.sex,
    lines.age_years,
    limits.indication_icd_prefixes,
    limits.payer_limit,
    limits.level_limit,
    limits.setting_limit,
    limits.sex_limit as drug_sex_limit,
    limits.age_min as drug_age_min,
    limits.age_max as drug_age_max
from {{ ref('int_risk__watched_line') }} as lines
inner join {{ ref('int_risk__drug_limit') }} as limits
    on lines.item_code = limits.drug_code
    and lines.charged_on >= coalesce(limits.valid_from, lines.charged_on)
    and lines.charged_on <= coalesce(limits.valid_to, lines.charged_on)
where lines.is_listed_drug
