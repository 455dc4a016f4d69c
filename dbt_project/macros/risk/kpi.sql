{#
  KPI values from measures, generic over the kpi file: what a KPI is made of and by which formula stands there, never here.
  performance.kpi_value and risk.indicator both use it, each over its own measures.
#}

{#
  One row per period, entity and KPI with its inputs and value. A KPI whose inputs are incomplete has no row.

  measures: relation [period, entity_level, entity_id, member_id, dept_code, measure, amount].

  Formulas, exact, half-up to six decimals; n and d of this period, n0 and d0 of the same month a year before:
    ratio             n / d
    growth            (n/d - n0/d0) / (n0/d0); without a denominator (n - n0) / n0 (page 2b, fee growth)
    growth_deviation  growth - growth of the region: policy regional_fee_growth, else the consortium's own (AMB-10)
    decline           1 - n / n0
    match             1 - |n - d| / d (AMB-37)
    annualised        12 n / d
    count_year        n summed since January
#}
{% macro kpi_values(measures) -%}
    with measures as (
        -- wide enough for the products of growth: billions of yuan times millions of visits
        select period, entity_level, entity_id, member_id, dept_code, measure, cast(amount as decimal(38, 4)) as amount
        from {{ measures }}
    ),

    kpis as (
        select
            *,
            coalesce(formula, 'ratio') as kpi_formula,
            numerator || case when numerator = 'reported_numerator' then ':' || kpi_code else '' end as numerator_measure,
            denominator || case when denominator = 'reported_denominator' then ':' || kpi_code else '' end as denominator_measure
        from {{ ref('kpi') }}
    ),

    numerators as (
        select
            measures.period,
            measures.entity_level,
            measures.entity_id,
            measures.member_id,
            measures.dept_code,
            kpis.kpi_code,
            kpis.kpi_formula,
            kpis.numerator_measure,
            kpis.denominator_measure,
            measures.amount as n
        from measures
        inner join kpis
            on measures.measure = kpis.numerator_measure
            and '|' || kpis.entity_levels || '|' like '%|' || measures.entity_level || '|%'
            and {{ month_end('measures.period') }} >= kpis.valid_from
            and {{ month_end('measures.period') }} <= coalesce(kpis.valid_to, {{ month_end('measures.period') }})
    ),

    since_january as (
        select
            numerators.period,
            numerators.entity_level,
            numerators.entity_id,
            numerators.kpi_code,
            sum(months.amount) as n
        from numerators
        inner join measures as months
            on numerators.entity_level = months.entity_level
            and numerators.entity_id = months.entity_id
            and numerators.numerator_measure = months.measure
            and substr(months.period, 1, 4) = substr(numerators.period, 1, 4)
            and months.period <= numerators.period
        where numerators.kpi_formula = 'count_year'
        group by numerators.period, numerators.entity_level, numerators.entity_id, numerators.kpi_code
    ),

    inputs as (
        select
            numerators.*,
            below.amount as d,
            before.amount as n0,
            before_below.amount as d0,
            since_january.n as n_year
        from numerators
        left join measures as below
            on numerators.period = below.period
            and numerators.entity_level = below.entity_level
            and numerators.entity_id = below.entity_id
            and numerators.denominator_measure = below.measure
        left join measures as before
            on {{ month_add('numerators.period', -12) }} = before.period
            and numerators.entity_level = before.entity_level
            and numerators.entity_id = before.entity_id
            and numerators.numerator_measure = before.measure
            and numerators.kpi_formula in ('growth', 'growth_deviation', 'decline')
        left join measures as before_below
            on {{ month_add('numerators.period', -12) }} = before_below.period
            and numerators.entity_level = before_below.entity_level
            and numerators.entity_id = before_below.entity_id
            and numerators.denominator_measure = before_below.measure
            and numerators.kpi_formula in ('growth', 'growth_deviation')
        left join since_january
            on numerators.period = since_january.period
            and numerators.entity_level = since_january.entity_level
            and numerators.entity_id = since_january.entity_id
            and numerators.kpi_code = since_january.kpi_code
    ),

    grown as (
        select
            *,
            case
                when denominator_measure is null then {{ ratio('n - n0', 'n0') }}
                else {{ mean_growth('n', 'd', 'n0', 'd0') }}
            end as growth
        from inputs
    ),

    own_region as (
        select
            now_n.period,
            kpis.kpi_code,
            {{ mean_growth('now_n.amount', 'now_d.amount', 'old_n.amount', 'old_d.amount') }} as growth
        from kpis
        inner join measures as now_n
            on kpis.numerator_measure = now_n.measure and now_n.entity_level = 'consortium'
        inner join measures as now_d
            on kpis.denominator_measure = now_d.measure and now_n.period = now_d.period and now_d.entity_level = 'consortium'
        inner join measures as old_n
            on now_n.measure = old_n.measure and old_n.entity_level = 'consortium'
            and old_n.period = {{ month_add('now_n.period', -12) }}
        inner join measures as old_d
            on now_d.measure = old_d.measure and old_d.entity_level = 'consortium'
            and old_d.period = {{ month_add('now_n.period', -12) }}
        where kpis.kpi_formula = 'growth_deviation'
    ),

    external_region as (
        select period, max(value) as growth
        from {{ ref('int_reference__policy') }}
        where parameter = 'regional_fee_growth' and member_id is not null and scope_kind = 'all'
        group by period
    ),

    valued as (
        select
            grown.period,
            grown.entity_level,
            grown.entity_id,
            grown.member_id,
            grown.dept_code,
            grown.kpi_code,
            case grown.kpi_formula
                when 'count_year' then cast(grown.n_year as decimal(18, 6))
                when 'decline' then cast(grown.n as decimal(18, 6))
                when 'annualised' then cast(grown.n * 12 as decimal(18, 6))
                when 'growth' then coalesce({{ ratio('grown.n', 'grown.d') }}, cast(grown.n as decimal(18, 6)))
                when 'growth_deviation' then grown.growth
                else cast(grown.n as decimal(18, 6))
            end as numerator,
            case grown.kpi_formula
                when 'count_year' then cast(null as decimal(18, 6))
                when 'decline' then cast(grown.n0 as decimal(18, 6))
                when 'growth' then coalesce({{ ratio('grown.n0', 'grown.d0') }}, cast(grown.n0 as decimal(18, 6)))
                when 'growth_deviation' then coalesce(external_region.growth, own_region.growth)
                else cast(grown.d as decimal(18, 6))
            end as denominator,
            case grown.kpi_formula
                when 'growth' then grown.growth
                when 'growth_deviation' then grown.growth - coalesce(external_region.growth, own_region.growth)
                when 'decline' then {{ ratio('grown.n0 - grown.n', 'grown.n0') }}
                when 'match' then {{ ratio('grown.d - abs(grown.n - grown.d)', 'grown.d') }}
                when 'annualised' then {{ ratio('grown.n * 12', 'grown.d') }}
                when 'count_year' then cast(grown.n_year as decimal(18, 6))
                else {{ ratio('grown.n', 'grown.d') }}
            end as value
        from grown
        left join own_region on grown.period = own_region.period and grown.kpi_code = own_region.kpi_code
        left join external_region on grown.period = external_region.period
    )

    select * from valued
    where value is not null
{%- endmacro %}

{#
  (n/d) / (n0/d0) - 1 as DECIMAL(18,6), half-up, from integers of ten thousandths: the products of a province's fees and visits
  (10^15 x 10^12) stay exact. NULL where n0 or d is 0 or anything is missing.
#}
{% macro mean_growth(n, d, n0, d0) -%}{{ return(adapter.dispatch('mean_growth')(n, d, n0, d0)) }}{%- endmacro %}
