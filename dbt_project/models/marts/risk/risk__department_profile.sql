-- One row per month, member and department that charged something: what its bill is made of, against its peers and its own past.
-- Peers are departments of the same name in all members; without enough of them nothing is compared. Drift is the population stability
-- index of the bill's mix against the department's own months of the year before (above 0.25 the mix is another one). S1-PERF-33
-- (TC-71): consumables and performance pay that rise together are told.
with parameters as (
    select * from {{ rule_parameters('S2-RISK-52', ['least_peers', 'least_distance', 'drift_limit', 'least_cases']) }}
),

consumable_limits as (
    select * from {{ rule_parameters('S1-PERF-33', ['consumable_growth_min']) }}
),

shares as (
    select * from {{ ref('int_risk__bill_mix') }}
),

medians as (
    select period, dept_name, class, median(share) as median_share, count(*) as peers
    from shares
    where dept_name is not null
    group by period, dept_name, class
),

spreads as (
    select
        shares.period,
        shares.dept_name,
        shares.class,
        greatest(1.4826 * median(abs(shares.share - medians.median_share)), 0.02) as spread
    from shares
    inner join medians
        on shares.period = medians.period and shares.dept_name = medians.dept_name and shares.class = medians.class
    group by shares.period, shares.dept_name, shares.class
),

-- The mix of the department's own months within the year before.
past as (
    select
        shares.period,
        shares.member_id,
        shares.dept_code,
        shares.class,
        {{ ratio('sum(earlier.amount)', 'sum(earlier.total)') }} as past_share
    from shares
    inner join shares as earlier
        on shares.member_id = earlier.member_id
        and shares.dept_code = earlier.dept_code
        and shares.class = earlier.class
        and earlier.period < shares.period
        and earlier.period >= {{ month_add('shares.period', -12) }}
    group by shares.period, shares.member_id, shares.dept_code, shares.class
),

compared as (
    select
        shares.*,
        medians.median_share,
        medians.peers,
        (shares.share - medians.median_share) / spreads.spread as distance,
        past.past_share,
        case
            when past.past_share is not null
                then (greatest(shares.share, 0.001) - greatest(past.past_share, 0.001))
                    * ln(greatest(shares.share, 0.001) / greatest(past.past_share, 0.001))
        end as drift
    from shares
    left join medians
        on shares.period = medians.period and shares.dept_name = medians.dept_name and shares.class = medians.class
    left join spreads
        on shares.period = spreads.period and shares.dept_name = spreads.dept_name and shares.class = spreads.class
    left join past
        on shares.period = past.period
        and shares.member_id = past.member_id
        and shares.dept_code = past.dept_code
        and shares.class = past.class
),

summed as (
    select
        period,
        member_id,
        dept_code,
        max(cases) as cases,
        max(total) as amount,
        max(peers) as peers,
        {%- for class in ['drug', 'material', 'exam', 'treatment', 'care'] %}
        max(case when class = '{{ class }}' then share end) as {{ class }}_share,
        {%- endfor %}
        max(abs(distance)) as distance,
        arg_max(class_name || '占比' || round(100 * share, 1) || '%(同类科室' || round(100 * median_share, 1) || '%)', abs(distance))
            as distance_words,
        sum(drift) as drift,
        arg_max(class_name || '占比由' || round(100 * past_share, 1) || '%变为' || round(100 * share, 1) || '%', drift) as drift_words
    from compared
    group by period, member_id, dept_code
),

judged as (
    select
        summed.*,
        grown.consumable_growth,
        grown.performance_growth,
        coalesce(
            summed.peers >= parameters.least_peers
            and summed.cases >= parameters.least_cases
            and summed.distance >= parameters.least_distance, false
        ) as is_unlike_peers,
        coalesce(summed.cases >= parameters.least_cases and summed.drift > parameters.drift_limit, false) as has_drifted,
        coalesce(
            grown.consumable_growth >= consumable_limits.consumable_growth_min and grown.performance_growth > 0, false
        ) as is_rewarded_for_cost
    from summed
    inner join parameters on summed.period = parameters.period
    inner join consumable_limits on summed.period = consumable_limits.period
    left join {{ ref('int_risk__consumable_growth') }} as grown
        on summed.period = grown.period and summed.member_id = grown.member_id and summed.dept_code = grown.dept_code
)

select
    judged.period,
    judged.member_id,
    members.name as member_name,
    judged.dept_code,
    departments.dept_name,
    cast(judged.cases as bigint) as cases,
    {{ money('judged.amount') }} as amount,
    judged.drug_share,
    judged.material_share,
    judged.exam_share,
    judged.treatment_share,
    judged.care_share,
    judged.peers,
    case when judged.peers >= 2 then cast(judged.distance as decimal(18, 6)) end as distance,
    cast(judged.drift as decimal(18, 6)) as drift,
    judged.consumable_growth,
    judged.performance_growth,
    judged.is_unlike_peers,
    judged.has_drifted,
    judged.is_rewarded_for_cost,
    judged.is_unlike_peers or judged.has_drifted or judged.is_rewarded_for_cost as is_flagged,
    nullif(concat_ws(
        ';',
        case when judged.is_unlike_peers then judged.distance_words end,
        case when judged.has_drifted then '收费结构漂移:' || judged.drift_words end,
        case
            when judged.is_rewarded_for_cost
                then '耗材同比' || round(100 * judged.consumable_growth, 1) || '%,绩效同比' || round(100 * judged.performance_growth, 1)
                || '%,高成本高收益'
        end
    ), '') as explanation
from judged
left join {{ ref('core__member') }} as members on judged.member_id = members.member_id
left join {{ ref('core__department') }} as departments
    on judged.period = departments.period
    and judged.member_id = departments.member_id
    and judged.dept_code = departments.dept_code
