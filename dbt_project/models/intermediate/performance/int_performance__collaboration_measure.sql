-- One row per period, member and measure of support given and equipment shared: by sender, performer and owner (hours: S3-RES-03).
with support as (
    select
        period,
        from_member_id as member_id,
        sum(sessions) as support_sessions,
        sum(days) as support_days,
        sum(new_techniques) as new_techniques
    from {{ ref('int_core__staff_support') }}
    group by period, from_member_id
),

remote as (
    select period, performing_member_id as member_id, count(*) as remote_services
    from {{ ref('int_core__remote_services') }}
    group by period, performing_member_id
),

available as (
    select period, member_id, sum(available_hours) as equipment_available_hours
    from {{ ref('stg_assets') }}
    where modality <> 'none'
    group by period, member_id
),

used as (
    select
        period,
        owner_member_id as member_id,
        sum(minutes) as used_minutes,
        sum(case when using_member_id <> owner_member_id then minutes else 0 end) as shared_minutes
    from {{ ref('int_core__equipment_use') }}
    where owner_member_id is not null
    group by period, owner_member_id
),

hours as (
    select
        period,
        member_id,
        {{ price_per('used_minutes', '60') }} as equipment_used_hours,
        {{ price_per('shared_minutes', '60') }} as shared_equipment_hours
    from used
)

{{ long_measures('support', ['support_sessions', 'support_days', 'new_techniques'], has_department=false) }}
union all
{{ long_measures('remote', ['remote_services'], has_department=false) }}
union all
{{ long_measures('available', ['equipment_available_hours'], has_department=false) }}
union all
{{ long_measures('hours', ['equipment_used_hours', 'shared_equipment_hours'], has_department=false) }}
