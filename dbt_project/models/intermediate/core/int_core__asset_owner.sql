-- One row per asset that exactly one member delivers: whose it is.
select
    asset_id,
    min(member_id) as owner_member_id
from {{ ref('stg_assets') }}
group by asset_id
having count(distinct member_id) = 1
