-- One row per inpatient stay, ended or in progress, with the ADRG it was settled in and the last day it is known to have lasted.
with drg as (
    select drg_code, adrg, valid_from, valid_to from {{ ref('drg') }}
)

select
    cases.*,
    drg.adrg,
    -- a stay in progress was seen in bed until the end of the month that delivered it
    coalesce(cases.ended_on, {{ month_end('cases.period') }}) as in_bed_until
from {{ ref('int_risk__case') }} as cases
left join drg
    on cases.drg_code = drg.drg_code
    and cases.started_on >= drg.valid_from
    and cases.started_on <= coalesce(drg.valid_to, cases.started_on)
where cases.is_inpatient
