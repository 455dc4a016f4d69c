-- One row per period, member, executing and ordering department, item and charge class: what was done, and for how much.
-- The one reading of all charge lines that drivers, item costs and service pools share.
select
    period,
    member_id,
    executing_dept,
    ordering_dept,
    item_code,
    charge_class,
    sum(quantity) as quantity,
    sum(amount) as amount,
    count(*) as charges
from {{ ref('int_core__charge') }}
group by all
