-- One row per month of charge, month of the case, departments, kind of encounter, charge class and catalogue: the one scan of charge lines
-- that all fee measures share.
select
    period,
    case_period,
    member_id,
    ordering_dept,
    encounter_dept_code,
    encounter_type,
    charge_class,
    in_insurance_catalog,
    {{ money('sum(amount)') }} as amount,
    cast(sum(quantity) as decimal(18, 4)) as quantity,
    count(*) as lines
from {{ ref('int_core__charge_line') }}
group by all
