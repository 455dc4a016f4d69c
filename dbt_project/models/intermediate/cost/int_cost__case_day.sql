-- One row per period, member, encounter and clinical department whose pool goes by days: nights in the month (at least one),
-- one per visit. Only where nothing was charged that could carry the cost.
with pools as (
    select period, member_id, pool_code
    from {{ ref('int_cost__pool') }}
    where weight_kind = 'day'
)

select
    pools.period,
    pools.member_id,
    encounters.encounter_id,
    pools.pool_code,
    cast(case
        when encounters.encounter_type <> 'inpatient' then 1
        else greatest({{ days_between(
            "greatest(cast(encounters.started_at as date), " ~ month_start('pools.period') ~ ")",
            "least(cast(coalesce(encounters.ended_at, " ~ day_add(month_end('pools.period'), 1) ~ ") as date), " ~ day_add(month_end('pools.period'), 1) ~ ")"
        ) }}, 1)
    end as bigint) as days
from pools
inner join {{ ref('int_core__encounter') }} as encounters
    on pools.member_id = encounters.member_id
    and pools.pool_code = encounters.dept_code
    and {{ month_of('encounters.started_at') }} <= pools.period
    and (
        encounters.case_period = pools.period
        or (encounters.encounter_type = 'inpatient' and coalesce(encounters.case_period, pools.period) >= pools.period)
    )
