-- One row per line of a drug that its payer, the level of the institution or the setting excludes from payment (R50). A self-paying
-- patient is no case for the fund.
with ranks as (
    select * from (values ('village', 1), ('primary', 1), ('secondary', 2), ('tertiary', 3)) as levels (level, place)
),

lines as (
    select
        drugs.*,
        coalesce(own.place < lowest.place, false) as is_below_level,
        drugs.payer_limit is not null and position('|' || drugs.payer || '|' in '|' || drugs.payer_limit || '|') = 0
            as is_wrong_payer,
        drugs.setting_limit is not null and position('|' || drugs.encounter_type || '|' in '|' || drugs.setting_limit || '|') = 0
            as is_wrong_setting
    from {{ ref('int_risk__drug_line') }} as drugs
    left join ranks as own on drugs.member_level = own.level
    left join ranks as lowest on drugs.level_limit = lowest.level
    where drugs.payer <> 'self'
)

select
    'R50' as rule_code,
    member_id,
    encounter_id,
    item_code as subject,
    charge_id,
    charged_on as evidence_on,
    amount as amount_at_risk,
    true as is_certain,
    '药品' || item_name || '(' || item_code || ')'
    || case
        when is_below_level then '限' || level_limit || '及以上机构支付,本机构级别为' || member_level
        when is_wrong_setting then '限就医方式' || setting_limit || '支付,本次就诊类型为' || encounter_type
        else '限险种' || payer_limit || '支付,本次险种为' || payer
    end as evidence
from lines
where is_below_level or is_wrong_payer or is_wrong_setting
