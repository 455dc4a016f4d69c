-- One row per diagnosis-related group: its newest version. What held in an older period stands in the seed's dated rows.
select
    drg_code,
    drg_name,
    mdc,
    adrg,
    partition,
    weight,
    risk_grade,
    reference_los,
    valid_from,
    valid_to
from {{ ref('drg') }}
qualify row_number() over (partition by drg_code order by valid_from desc) = 1
