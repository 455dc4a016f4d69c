-- One row per period, member and cost pool that no case can carry: nothing was charged there that its cost could go by, and
-- nobody stayed there. Its cost is unmatched (domain 1.10, CP5 of NHS costing).
select
    pools.period,
    pools.member_id,
    pools.pool_code,
    pools.total_fen
from {{ ref('int_cost__pool') }} as pools
left join (select distinct period, member_id, pool_code from {{ ref('int_cost__case_day') }}) as days
    on pools.period = days.period
    and pools.member_id = days.member_id
    and pools.pool_code = days.pool_code
where
    pools.weight_kind = 'none'
    or (pools.weight_kind <> 'day' and pools.weight_total = 0)
    or (pools.weight_kind = 'day' and days.pool_code is null)
