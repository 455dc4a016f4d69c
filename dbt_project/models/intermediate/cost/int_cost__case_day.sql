-- One row per period, member, encounter and clinical department whose pool goes by days, because nothing was charged there that
-- could carry its cost: the patient's nights in that department where the member delivers them (an intensive-care ward that
-- patients pass through); else, for the encounter's own department, its nights in the month (at least one), one per visit.
with pools as (
    select period, member_id, pool_code
    from {{ ref('int_cost__pool') }}
    where weight_kind = 'day'
),

nights as (
    select
        {{ month_of('census_date') }} as period,
        member_id,
        encounter_id,
        dept_code,
        count(distinct census_date) as days
    from {{ ref('stg_bed_days') }}
    where dept_code is not null
    group by {{ month_of('census_date') }}, member_id, encounter_id, dept_code
),

counted as (
    select
        pools.period,
        pools.member_id,
        nights.encounter_id,
        pools.pool_code,
        cast(nights.days as bigint) as days
    from pools
    inner join nights
        on pools.period = nights.period
        and pools.member_id = nights.member_id
        and pools.pool_code = nights.dept_code
),

uncounted as (
    select pools.*
    from pools
    left join (select distinct period, member_id, pool_code from counted) as counted
        on pools.period = counted.period
        and pools.member_id = counted.member_id
        and pools.pool_code = counted.pool_code
    where counted.pool_code is null
)

select period, member_id, encounter_id, pool_code, days
from counted

union all

select
    uncounted.period,
    uncounted.member_id,
    encounters.encounter_id,
    uncounted.pool_code,
    cast(case
        when encounters.encounter_type <> 'inpatient' then 1
        else greatest({{ days_between(
            "greatest(cast(encounters.started_at as date), " ~ month_start('uncounted.period') ~ ")",
            "least(cast(coalesce(encounters.ended_at, " ~ day_add(month_end('uncounted.period'), 1) ~ ") as date), "
            ~ day_add(month_end('uncounted.period'), 1) ~ ")"
        ) }}, 1)
    end as bigint) as days
from uncounted
inner join {{ ref('int_core__encounter') }} as encounters
    on uncounted.member_id = encounters.member_id
    and uncounted.pool_code = encounters.dept_code
    and {{ month_of('encounters.started_at') }} <= uncounted.period
    and (
        encounters.case_period = uncounted.period
        or (encounters.encounter_type = 'inpatient' and coalesce(encounters.case_period, uncounted.period) >= uncounted.period)
    )
