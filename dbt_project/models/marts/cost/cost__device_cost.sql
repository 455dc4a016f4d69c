-- One row per period, owning member and device that was used: what one use costs (S1-SHARE-04) and what the flat tariff of shared
-- use leaves open (AMB-49). Cost of a use = (depreciation + maintenance + consumables) / uses; consumables are what the device's
-- department used up uncharged, by the minutes of its devices (by uses, where no minutes are told).
with uses as (
    select
        period,
        owner_member_id as member_id,
        asset_id,
        cast(sum(uses) as bigint) as uses,
        cast(sum(case when using_member_id <> owner_member_id then uses else 0 end) as bigint) as shared_uses,
        cast(coalesce(sum(minutes), 0) as bigint) as minutes
    from {{ ref('int_core__equipment_use') }}
    where owner_member_id is not null
    group by period, owner_member_id, asset_id
    having sum(uses) > 0
),

devices as (
    select
        uses.*,
        assets.asset_name,
        assets.modality,
        assets.dept_code,
        {{ to_fen('assets.monthly_depreciation') }} as depreciation_fen,
        {{ to_fen('assets.monthly_maintenance') }} as maintenance_fen,
        case
            when min(uses.minutes) over (partition by uses.period, uses.member_id, assets.dept_code) > 0 then uses.minutes
            else uses.uses
        end as weight
    from uses
    inner join {{ ref('stg_assets') }} as assets
        on uses.period = assets.period
        and uses.member_id = assets.member_id
        and uses.asset_id = assets.asset_id
),

costed as (
    select
        devices.*,
        coalesce({{ share_of(
            'greatest(costs.consumable_fen - coalesce(materials.charged_fen, 0), 0)',
            'devices.weight',
            '(cast(sum(devices.weight) over (partition by devices.period, devices.member_id, devices.dept_code) as bigint))'
        ) }}, 0) as consumable_fen
    from devices
    left join {{ ref('int_cost__service_cost') }} as costs
        on devices.period = costs.period
        and devices.member_id = costs.member_id
        and devices.dept_code = costs.dept_code
    left join {{ ref('int_cost__charged_material') }} as materials
        on devices.period = materials.period
        and devices.member_id = materials.member_id
        and devices.dept_code = materials.dept_code
),

totals as (
    select
        costed.*,
        depreciation_fen + maintenance_fen + consumable_fen as total_fen,
        case when costed.modality = 'ct' then policy.ct_share_price_total end as tariff
    from costed
    left join {{ policy_in_force(['ct_share_price_total'], optional=['ct_share_price_total']) }} as policy
        on costed.period = policy.period
        and costed.member_id = policy.member_id
)

select
    totals.period,
    totals.member_id,
    members.name as member_name,
    totals.asset_id,
    totals.asset_name,
    totals.modality,
    totals.dept_code,
    departments.dept_name,
    totals.uses,
    totals.shared_uses,
    {{ from_fen('totals.depreciation_fen') }} as depreciation,
    {{ from_fen('totals.maintenance_fen') }} as maintenance,
    {{ from_fen('totals.consumable_fen') }} as consumables,
    {{ from_fen('totals.total_fen') }} as total_cost,
    {{ money_per(from_fen('totals.total_fen'), 'totals.uses') }} as unit_cost,
    {{ money('totals.tariff') }} as shared_tariff,
    {{ money('totals.tariff - ' ~ money_per(from_fen('totals.total_fen'), 'totals.uses')) }} as recovery_per_use
from totals
left join {{ ref('core__member') }} as members on totals.member_id = members.member_id
left join {{ ref('core__department') }} as departments
    on totals.period = departments.period
    and totals.member_id = departments.member_id
    and totals.dept_code = departments.dept_code
