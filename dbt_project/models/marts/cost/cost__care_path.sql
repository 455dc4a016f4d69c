-- One row per DRG and care path, over all cases in the lake: what the path costs, how long it takes, how it ends (S3-DRG-11).
-- Best is the cheapest path whose complication rate is no higher than the group's; a tie goes to the shorter stay.
with cases as (
    select
        cases.period,
        grouped.drg_code,
        cases.care_path,
        cases.total_fen,
        cases.los_days,
        case when cases.has_complication then 1 else 0 end as complications
    from {{ ref('int_cost__case') }} as cases
    inner join {{ ref('int_payment__case') }} as grouped
        on cases.member_id = grouped.member_id
        and cases.encounter_id = grouped.encounter_id
    where grouped.drg_code is not null and nullif(trim(cases.care_path), '') is not null
),

paths as (
    select
        drg_code,
        care_path,
        min(period) as first_period,
        max(period) as last_period,
        count(*) as cases,
        {{ from_fen('sum(total_fen)') }} as total_cost,
        sum(los_days) as los_days,
        sum(complications) as complications
    from cases
    group by drg_code, care_path
),

groups as (
    select
        drg_code,
        sum(cases) as cases,
        {{ money('sum(total_cost)') }} as total_cost,
        sum(complications) as complications
    from paths
    group by drg_code
),

compared as (
    select
        paths.drg_code,
        paths.care_path,
        paths.first_period,
        paths.last_period,
        paths.cases,
        {{ money_per('paths.total_cost', 'paths.cases') }} as mean_cost,
        {{ money_per('paths.los_days', 'paths.cases') }} as mean_los,
        {{ ratio('paths.complications', 'paths.cases') }} as complication_rate,
        {{ money_per('groups.total_cost', 'groups.cases') }} as group_mean_cost,
        paths.complications * groups.cases <= groups.complications * paths.cases as is_as_safe
    from paths
    inner join groups on paths.drg_code = groups.drg_code
),

ranked as (
    select
        *,
        row_number() over (
            partition by drg_code
            order by case when is_as_safe then 0 else 1 end, mean_cost, mean_los, care_path
        ) as place
    from compared
)

select
    ranked.drg_code,
    groups.drg_name,
    ranked.care_path,
    ranked.first_period,
    ranked.last_period,
    ranked.cases,
    ranked.mean_cost,
    ranked.mean_los,
    ranked.complication_rate,
    ranked.is_as_safe and ranked.place = 1 as is_best,
    {{ money('ranked.group_mean_cost - ranked.mean_cost') }} as saving_vs_current
from ranked
left join {{ ref('core__drg') }} as groups on ranked.drg_code = groups.drg_code
