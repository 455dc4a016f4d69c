-- One row per line of a drug given to a person outside its sex or age limits (R52). Sex U never violates, ages are inclusive.
with lines as (
    select
        *,
        coalesce(sex in ('F', 'M') and sex <> drug_sex_limit, false) as is_wrong_drug_sex,
        coalesce(age_years < drug_age_min, false) or coalesce(age_years > drug_age_max, false) as is_wrong_drug_age
    from {{ ref('int_risk__drug_line') }}
)

select
    'R52' as rule_code,
    member_id,
    encounter_id,
    item_code as subject,
    charge_id,
    charged_on as evidence_on,
    amount as amount_at_risk,
    true as is_certain,
    '药品' || item_name || '(' || item_code || ')'
    || case
        when is_wrong_drug_sex then '限性别' || drug_sex_limit || ',患者性别为' || sex
        else '限年龄' || coalesce(cast(drug_age_min as varchar), '0') || '-' || coalesce(cast(drug_age_max as varchar), '不限')
            || '岁,患者' || cast(age_years as varchar) || '岁'
    end as evidence
from lines
where is_wrong_drug_sex or is_wrong_drug_age
