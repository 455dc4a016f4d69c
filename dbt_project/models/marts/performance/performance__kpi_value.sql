-- One row per period, entity and KPI. A KPI whose input is missing has no row, never a zero.
-- Attainment: up value / target, down target / value, band 1 inside and the ratio to the nearer bound outside.
-- Score 0-100: attainment capped at 1; an up target with a lower band is linear between both (S3-PERF-03, AMB-26).
with judged as (
    select
        values_.*,
        kpis.name_zh as kpi_name,
        kpis.dimension,
        kpis.direction,
        kpis.unit,
        kpis.is_veto as is_veto_kpi,
        targets.target,
        targets.band_low,
        targets.band_high
    from {{ ref('int_performance__kpi') }} as values_
    inner join {{ ref('kpi') }} as kpis
        on values_.kpi_code = kpis.kpi_code
        and {{ month_end('values_.period') }} >= kpis.valid_from
        and {{ month_end('values_.period') }} <= coalesce(kpis.valid_to, {{ month_end('values_.period') }})
    left join {{ ref('int_performance__target') }} as targets
        on values_.period = targets.period
        and values_.entity_level = targets.entity_level
        and values_.entity_id = targets.entity_id
        and values_.kpi_code = targets.kpi_code
),

attained as (
    select
        *,
        case
            when direction = 'up' and target is not null
                then case when target <= 0 then cast(1 as decimal(18, 6)) else {{ ratio('greatest(value, 0)', 'target') }} end
            when direction = 'down' and target is not null
                then case
                    when value <= 0 then cast(1 as decimal(18, 6))
                    when target <= 0 then cast(0 as decimal(18, 6))
                    else {{ ratio('target', 'value') }}
                end
            when direction = 'band' and band_low is not null and value < band_low then {{ ratio('greatest(value, 0)', 'band_low') }}
            when direction = 'band' and band_high is not null and value > band_high then {{ ratio('band_high', 'value') }}
            when direction = 'band' and coalesce(band_low, band_high) is not null then cast(1 as decimal(18, 6))
        end as attainment
    from judged
),

members as (
    select member_id, name from {{ ref('core__member') }}
)

select
    attained.period,
    attained.entity_level,
    attained.entity_id,
    attained.member_id,
    members.name as member_name,
    attained.dept_code,
    attained.kpi_code,
    attained.kpi_name,
    attained.dimension,
    attained.unit,
    attained.numerator,
    attained.denominator,
    cast(attained.value as decimal(18, 6)) as value,
    cast(attained.target as decimal(18, 6)) as target,
    attained.attainment,
    case
        when attained.attainment is null then cast(null as decimal(18, 2))
        when attained.direction = 'up' and attained.band_low is not null and attained.target > attained.band_low
            then cast(100 * least(1, greatest(0, {{ ratio('attained.value - attained.band_low', 'attained.target - attained.band_low') }})) as decimal(18, 2))
        else cast(100 * least(1, attained.attainment) as decimal(18, 2))
    end as score,
    -- a veto is in force where a veto KPI misses its target (S2-RISK-25, S2-PERF-08)
    attained.is_veto_kpi and coalesce(attained.attainment < 1, false) as is_vetoed,
    attained.is_veto_kpi as is_veto,
    cast(nullif('{{ env_var("YILIAN_RUN_ID", "") }}', '') as varchar) as source_run
from attained
left join members on attained.member_id = members.member_id
