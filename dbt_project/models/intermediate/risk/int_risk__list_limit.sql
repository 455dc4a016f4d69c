-- One row per item that a rule list limits: all its lists together. Ages and quantities are the strictest of them; a course of
-- a drug counts prescribed days (R53), of a service the days since it began.
select
    item_code,
    max(item_name) as item_name,
    max(case when list_kind like 'drug%' then 1 else 0 end) = 1 as is_drug,
    max(sex_limit) as sex_limit,
    max(age_min) as age_min,
    min(age_max) as age_max,
    max(setting_limit) as setting_limit,
    max(level_limit) as level_limit,
    max(payer_limit) as payer_limit,
    min(case when list_kind = 'drug_course' then max_days end) as max_days,
    min(case when list_kind = 'service_course' then max_days end) as course_days,
    min(day_limit) as day_limit,
    max(case when is_hourly then 1 else 0 end) = 1 as is_hourly,
    min(window_limit) as window_limit,
    min(limit_window) as limit_window,
    max(case when operation_group is not null then 1 else 0 end) = 1 as is_grouped_operation
from {{ ref('int_risk__listed_item') }}
group by item_code
