-- One row per item and entry of a rule list that names its national code: the insurer's published lists and the consortium's own.
with entries as (
    select
        list_kind, national_code, name_zh, sex_limit, age_group, setting_limit, level_limit, payer_limit, max_days, day_limit, is_hourly,
        window_limit, limit_window, operation_group, with_national_code, pair_window
    from {{ ref('int_risk__list_entry') }}
    union all
    select
        list_kind, national_code, name_zh, sex_limit, age_group, setting_limit, level_limit, payer_limit, max_days, day_limit, is_hourly,
        window_limit, limit_window, operation_group, with_national_code, pair_window
    from {{ ref('risk_list_entries') }}
)

select
    items.item_code,
    items.item_name,
    entries.list_kind,
    entries.sex_limit,
    ages.age_min,
    ages.age_max,
    entries.setting_limit,
    entries.level_limit,
    entries.payer_limit,
    entries.max_days,
    entries.day_limit,
    entries.is_hourly,
    entries.window_limit,
    entries.limit_window,
    entries.operation_group,
    partners.item_code as with_item_code,
    entries.pair_window
from entries
inner join (select distinct item_code, item_name, national_code from {{ ref('items') }}) as items
    on entries.national_code = items.national_code
left join (select distinct item_code, national_code from {{ ref('items') }}) as partners
    on entries.with_national_code = partners.national_code
left join {{ ref('risk_age_groups') }} as ages on entries.age_group = ages.age_group
