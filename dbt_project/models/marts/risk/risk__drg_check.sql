-- One row per discharged stay settled by DRG, beside the group that the national tables give its codes. Empty where no tables are set.
select
    compared.period,
    compared.member_id,
    members.name_zh as member_name,
    compared.dept_code,
    compared.doctor_id,
    compared.encounter_id,
    compared.principal as primary_diagnosis,
    compared.drg_code,
    billed.drg_name,
    compared.weight,
    compared.payment,
    compared.grouped_mdc,
    compared.grouped_adrg,
    compared.grouped_drg,
    compared.grouped_drg_name,
    compared.complication,
    compared.grouped_weight,
    case
        when compared.grouped_drg is null then 'not_grouped'
        when compared.grouped_drg = compared.drg_code then 'same'
        when compared.payment_difference > 0 then 'billed_heavier'
        when compared.payment_difference < 0 then 'billed_lighter'
        else 'other_group'
    end as result,
    compared.reason,
    case compared.reason
        when 'no_principal_diagnosis' then '缺主要诊断'
        when 'malformed_principal_diagnosis' then '主要诊断编码格式错误'
        when 'unknown_principal_diagnosis' then '主要诊断不在分组方案中'
        when 'principal_diagnosis_of_the_other_sex_or_age' then '主要诊断与性别或年龄不符'
        when 'no_group_in_its_mdc' then '主要诊断大类内无适用病组'
        when 'age_missing' then '缺年龄'
        when 'sex_missing' then '缺性别'
        when 'age_in_days_missing' then '新生儿缺日龄'
        when 'birth_weight_missing' then '新生儿缺出生体重'
    end as reason_name,
    compared.payment_difference
from {{ ref('int_risk__drg_difference') }} as compared
inner join {{ ref('members') }} as members on compared.member_id = members.member_id
left join {{ ref('drg') }} as billed
    on compared.drg_code = billed.drg_code
    and compared.ended_on >= billed.valid_from
    and compared.ended_on <= coalesce(billed.valid_to, compared.ended_on)
where compared.variant = 'as_coded'
