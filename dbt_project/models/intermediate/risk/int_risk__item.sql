-- One row per item and validity: what the price list and the rule lists say of it, ready for one join by charge line.
with in_need as (
    select distinct item_code from {{ ref('int_risk__item_pair') }}
    where relation = 'needs'
),

grouped as (
    select mutually_exclusive_group from {{ ref('items') }}
    where mutually_exclusive_group is not null
    group by mutually_exclusive_group
    having count(*) > 1
),

listed_drugs as (
    select distinct drug_code from {{ ref('int_risk__drug_limit') }}
    where coalesce(indication_icd_prefixes, payer_limit, level_limit, setting_limit, sex_limit) is not null
        or coalesce(age_min, age_max) is not null
),

item_groups as (
    select distinct items.item_code, groups.item_group
    from {{ ref('items') }} as items
    inner join {{ ref('risk_item_groups') }} as groups
        on items.national_code like groups.national_code_prefix || '%'
        and items.valid_from <= coalesce(groups.valid_to, items.valid_from)
),

listed_exams as (
    select distinct item_code from {{ ref('exam_indications') }}
)

select
    items.item_code,
    items.item_name,
    items.valid_from,
    items.valid_to,
    items.max_price_tertiary,
    items.max_price_secondary,
    items.max_price_primary,
    -- The smaller of both daily limits; least() leaves out what is empty.
    least(items.max_per_day, case when items.limit_window = 'day' then items.limit_quantity end, listed.day_limit) as day_limit,
    coalesce(case when items.limit_window <> 'day' then items.limit_quantity end, listed.window_limit) as window_limit,
    coalesce(case when items.limit_window <> 'day' then items.limit_window end, listed.limit_window) as limit_window,
    coalesce(items.is_hourly, false) or coalesce(listed.is_hourly, false) as is_hourly,
    items.care_grade,
    case when grouped.mutually_exclusive_group is not null then items.mutually_exclusive_group end as exclusive_group,
    item_groups.item_group,
    coalesce(items.sex_limit, listed.sex_limit) as sex_limit,
    greatest(items.age_min, listed.age_min) as age_min,
    least(items.age_max, listed.age_max) as age_max,
    listed.course_days,
    coalesce(items.catalog_class = 'C', false) as is_own_pay,
    coalesce(listed.is_grouped_operation, false) as is_grouped_operation,
    in_need.item_code is not null as is_in_need,
    listed_drugs.drug_code is not null as is_listed_drug,
    listed_exams.item_code is not null as is_listed_exam
from {{ ref('items') }} as items
left join in_need on items.item_code = in_need.item_code
left join {{ ref('int_risk__list_limit') }} as listed on items.item_code = listed.item_code
left join grouped on items.mutually_exclusive_group = grouped.mutually_exclusive_group
left join listed_drugs on items.item_code = listed_drugs.drug_code
left join item_groups on items.item_code = item_groups.item_code
left join listed_exams on items.item_code = listed_exams.item_code
