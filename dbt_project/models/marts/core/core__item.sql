-- One row per service item, drug or consumable of the consortium's price list: its newest version.
select
    item_code,
    item_name,
    national_code,
    charge_class,
    max_price_tertiary,
    max_price_secondary,
    max_price_primary,
    max_per_day,
    sex_limit,
    age_min,
    age_max,
    mutually_exclusive_group,
    included_in_item,
    is_recognisable,
    is_chargeable,
    limit_quantity,
    limit_window,
    is_hourly,
    care_grade,
    is_inpatient_only,
    equivalent,
    valid_from,
    valid_to
from {{ ref('items') }}
qualify row_number() over (partition by item_code order by valid_from desc) = 1
