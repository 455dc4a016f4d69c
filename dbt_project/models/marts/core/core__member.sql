-- One row per member institution, of any level and role (S5-PLAT-08).
select
    member_id,
    name_zh as name,
    name_en,
    level,
    role,
    function,
    region_code as region,
    vendor,
    fiscal_year_start,
    {{ money('monthly_basic_cost') }} as monthly_basic_cost,
    staff_count,
    joined_on
from {{ ref('members') }}
