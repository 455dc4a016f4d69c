-- One row per use of an asset. Owner and user may both deliver it; the owner's row wins, then the latest delivery.
-- Whose cost it is and who had the use of it stand in every row (S1-COST-15).
-- A user's row names the asset only: its owner is the member that lists the asset (NULL where that isn't clear).
with owned as (
    select
        uses.*,
        case
            when own_assets.asset_id is not null or uses.member_id <> uses.using_member_id then uses.member_id
            else owners.owner_member_id
        end as owner_member_id
    from {{ ref('stg_equipment_use') }} as uses
    left join (select distinct member_id, asset_id from {{ ref('stg_assets') }}) as own_assets
        on uses.member_id = own_assets.member_id
        and uses.asset_id = own_assets.asset_id
    left join {{ ref('int_core__asset_owner') }} as owners
        on uses.asset_id = owners.asset_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by coalesce(owner_member_id, member_id), use_id
            order by case when member_id = owner_member_id then 0 else 1 end, period desc, member_id
        ) as rank_in_event
    from owned
)

select
    use_id,
    {{ month_of('used_on') }} as period,
    owner_member_id,
    using_member_id,
    asset_id,
    used_on,
    encounter_id,
    uses,
    minutes,
    member_id as delivered_by,
    period as delivered_period,
    delivery_date,
    source_file,
    source_row
from ranked
where rank_in_event = 1
