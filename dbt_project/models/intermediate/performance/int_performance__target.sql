-- One row per period, entity and KPI: the target in force on the period's last day, of the most specific scope
-- (department > member > role > level > all). The consortium takes rows of scope all.
-- Where the rules state a target twice, both numbers are policy and one of them is the row here (AMB-23).
with entities as (
    select distinct
        kpis.period,
        kpis.entity_level,
        kpis.entity_id,
        kpis.kpi_code,
        kpis.member_id,
        kpis.dept_code,
        members.level,
        members.role
    from {{ ref('int_performance__kpi') }} as kpis
    left join {{ ref('members') }} as members on kpis.member_id = members.member_id
),

matched as (
    select
        entities.period,
        entities.entity_level,
        entities.entity_id,
        entities.kpi_code,
        targets.target,
        targets.band_low,
        targets.band_high,
        row_number() over (
            partition by entities.period, entities.entity_level, entities.entity_id, entities.kpi_code
            order by
                case targets.scope_kind
                    when 'department' then 1 when 'member' then 2 when 'role' then 3 when 'level' then 4 else 5
                end,
                targets.valid_from desc
        ) as place
    from entities
    inner join {{ ref('kpi_targets') }} as targets
        on entities.kpi_code = targets.kpi_code
        and {{ month_end('entities.period') }} >= targets.valid_from
        and {{ month_end('entities.period') }} <= coalesce(targets.valid_to, {{ month_end('entities.period') }})
        and (
            targets.scope_kind = 'all'
            or targets.scope_kind = 'level' and targets.scope = entities.level
            or targets.scope_kind = 'role' and targets.scope = entities.role
            or targets.scope_kind = 'member' and targets.scope = entities.member_id
            or targets.scope_kind = 'department' and targets.scope in (entities.entity_id, entities.level || ':' || entities.dept_code)
        )
)

select period, entity_level, entity_id, kpi_code, target, band_low, band_high
from matched
where place = 1
