-- One row per inpatient stay, ended or in progress, with its DRG's ADRG and what comes before it in time.
with drg as (
    select drg_code, adrg, valid_from, valid_to from {{ ref('drg') }}
)

select
    cases.*,
    drg.adrg
from {{ ref('int_risk__case') }} as cases
left join drg
    on cases.drg_code = drg.drg_code
    and cases.started_on >= drg.valid_from
    and cases.started_on <= coalesce(drg.valid_to, cases.started_on)
where cases.is_inpatient
