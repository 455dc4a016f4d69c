-- One row per period, member and parameter: the row in force on the period's last day, the most specific scope first.
-- Rows of a department or DRG stand beside with an empty member_id, one per period, parameter, scope_kind and scope.
with in_force as (
    select periods.period, policy_rows.*
    from {{ ref('int_reference__period') }} as periods
    inner join {{ ref('int_reference__policy_row') }} as policy_rows
        on periods.last_day >= policy_rows.valid_from
        and periods.last_day <= coalesce(policy_rows.valid_to, periods.last_day)
),

for_members as (
    select
        in_force.*,
        members.member_id,
        row_number() over (
            partition by in_force.period, members.member_id, in_force.parameter
            order by
                case in_force.scope_kind when 'member' then 1 when 'role' then 2 when 'level' then 3 else 4 end,
                in_force.valid_from desc
        ) as place
    from in_force
    inner join {{ ref('members') }} as members
        on in_force.scope_kind = 'all'
        or (in_force.scope_kind = 'level' and in_force.scope = members.level)
        or (in_force.scope_kind = 'role' and in_force.scope = members.role)
        or (in_force.scope_kind = 'member' and in_force.scope = members.member_id)
)

select period, member_id, parameter, value, text_value, unit, scope_kind, scope, source_rule, valid_from, valid_to
from for_members
where place = 1

union all

select
    period,
    cast(null as varchar) as member_id,
    parameter,
    value,
    text_value,
    unit,
    scope_kind,
    scope,
    source_rule,
    valid_from,
    valid_to
from in_force
where scope_kind in ('department', 'drg')
