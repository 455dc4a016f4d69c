-- One row per period, member, department and indicator: the limits in force on the period's last day, of the most specific scope
-- (member:department > member > level > '*').
with valued as (
    select
        values_.period,
        values_.entity_level,
        values_.entity_id,
        values_.member_id,
        values_.kpi_code,
        members.level
    from {{ ref('int_risk__indicator_value') }} as values_
    inner join {{ ref('members') }} as members on values_.member_id = members.member_id
),

matched as (
    select
        valued.period,
        valued.entity_level,
        valued.entity_id,
        valued.kpi_code,
        limits.green_limit,
        limits.red_limit,
        limits.low_red_limit,
        limits.direction,
        row_number() over (
            partition by valued.period, valued.entity_level, valued.entity_id, valued.kpi_code
            order by
                case limits.scope when valued.entity_id then 1 when valued.member_id then 2 when valued.level then 3 else 4 end,
                limits.valid_from desc
        ) as place
    from valued
    inner join {{ ref('risk_limits') }} as limits
        on valued.kpi_code = limits.indicator_code
        and limits.scope in (valued.entity_id, valued.member_id, valued.level, '*')
        and {{ month_end('valued.period') }} >= limits.valid_from
        and {{ month_end('valued.period') }} <= coalesce(limits.valid_to, {{ month_end('valued.period') }})
)

select period, entity_level, entity_id, kpi_code, green_limit, red_limit, low_red_limit, direction
from matched
where place = 1
