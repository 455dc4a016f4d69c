-- One row per period, member and DRG: what a case of the group costs here, beside its standard, the region and the best peer.
-- Means are exact, half-up. Region: all members of the consortium in the same month; peers: members of the same level
-- (S3-DRG-09). status (S3-DRG-13, AMB-18): over_standard from standard x (1 + alert) on, watch from the near-alert share of
-- that threshold on or where the mean stay exceeds the region's median by the policy share.
-- Spread: quartiles between neighbours half-up, variation over the group's own cases. Contribution (domain 1.12): payment less what
-- a case more would cost, by policy shares of each component; indirect cost doesn't move with a case.
{%- set variable_parameters = [] %}
{%- set variable_terms = [] %}
{%- for part in ['drug', 'consumable', 'labour', 'depreciation', 'other'] %}
{%- do variable_parameters.append('variable_cost_share_' ~ part) %}
{%- do variable_terms.append('cast(means.' ~ part ~ ' as decimal(28, 2)) * cast(policy.variable_cost_share_' ~ part ~ ' as decimal(9, 6))') %}
{%- endfor %}
{%- set variable_cost = 'cast(' ~ variable_terms | join(' + ') ~ ' as decimal(18, 2))' %}
with groups as (
    select
        period,
        member_id,
        member_name,
        level,
        drg_code,
        max(drg_name) as drg_name,
        count(*) as cases,
        max(standard) as payment_standard,
        sum(los_days) as los_days,
        {{ quantile_fen('total_fen', 0.25) }} as p25_cost,
        {{ quantile_fen('total_fen', 0.5) }} as median_cost,
        {{ quantile_fen('total_fen', 0.75) }} as p75_cost,
        {{ variation_of('total_fen') }} as cost_variation,
        {{ money('sum(ratio_check_cost)') }} as ratio_check,
        case when count(by_day_fen) = count(*) then {{ from_fen('sum(by_day_fen)') }} end as by_day,
        {% for part in ['drug', 'consumable', 'labour', 'depreciation', 'other', 'indirect', 'total_cost', 'risk', 'charge', 'payment'] -%}
        {{ money('sum(' ~ part ~ ')') }} as {{ part }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_cost__drg_case') }}
    group by period, member_id, member_name, level, drg_code
),

region as (
    select
        period,
        drg_code,
        count(*) as cases,
        {{ money('sum(total_cost)') }} as total_cost,
        {{ money('sum(consumable)') }} as consumable,
        {{ money('sum(case when consumable is not null then total_cost end)') }} as consumable_base,
        cast(median(los_days) as decimal(18, 2)) as median_los
    from {{ ref('int_cost__drg_case') }}
    group by period, drg_code
),

means as (
    select
        groups.*,
        {{ money_per('groups.total_cost', 'groups.cases') }} as mean_cost,
        {{ money_per('groups.los_days', 'groups.cases') }} as mean_los,
        min({{ money_per('groups.total_cost', 'groups.cases') }}) over peers as peer_best_cost,
        {{ money('sum(groups.total_cost) over peers') }} as peer_total_cost,
        sum(groups.cases) over peers as peer_cases
    from groups
    window peers as (partition by groups.period, groups.level, groups.drg_code)
),

ceilings as (
    select
        means.period,
        means.member_id,
        means.drg_code,
        max(standards.cost_ceiling) as cost_ceiling
    from means
    inner join {{ ref('drg_standards') }} as standards
        on means.drg_code = standards.drg_code
        and standards.level in (means.level, 'all')
        and standards.valid_from <= {{ month_end('means.period') }}
        and coalesce(standards.valid_to, {{ month_end('means.period') }}) >= {{ month_end('means.period') }}
    group by means.period, means.member_id, means.drg_code
)

select
    means.period,
    means.member_id,
    means.member_name,
    means.drg_code,
    means.drg_name,
    means.cases,
    means.mean_cost,
    {% for part in ['drug', 'consumable', 'labour', 'depreciation', 'other', 'indirect', 'risk', 'charge', 'payment'] -%}
    {{ money_per('means.' ~ part, 'means.cases') }} as mean_{{ part }},
    {% endfor -%}
    means.mean_los,
    region.median_los as region_median_los,
    means.payment_standard,
    {{ money('means.payment_standard - means.mean_cost') }} as margin_per_case,
    {{ money_per('region.total_cost', 'region.cases') }} as region_mean_cost,
    means.peer_best_cost,
    {{ money_per('means.peer_total_cost', 'means.peer_cases') }} as peer_mean_cost,
    before.mean_cost as previous_mean_cost,
    {{ ratio('means.total_cost * before.cases - before.total_cost * means.cases', 'before.total_cost * means.cases') }} as cost_change,
    means.p25_cost,
    means.median_cost,
    means.p75_cost,
    means.cost_variation,
    {{ money_per('means.ratio_check', 'means.cases') }} as mean_cost_by_ratio,
    {{ money_per('means.by_day', 'means.cases') }} as mean_cost_by_day,
    {{ money_per(variable_cost, 'means.cases') }} as mean_variable_cost,
    {{ money_per('means.payment - ' ~ variable_cost, 'means.cases') }} as contribution_per_case,
    {{ ratio('means.total_cost * region.cases', 'region.total_cost * means.cases') }} as cost_ratio_to_region,
    {{ ratio('means.consumable', 'means.total_cost') }} as consumable_share,
    {{ ratio('region.consumable', 'region.consumable_base') }} as region_consumable_share,
    ceilings.cost_ceiling,
    means.mean_cost > ceilings.cost_ceiling as is_over_ceiling,
    means.mean_los > region.median_los * (1 + policy.los_alert_over_median) as is_long_stay,
    case
        when means.mean_cost >= means.payment_standard * (1 + policy.cost_alert_over_standard) then 'over_standard'
        when
            means.mean_cost >= means.payment_standard * (1 + cast(
                policy.near_alert_ratio * policy.cost_alert_over_standard as decimal(18, 6)
            ))
            or means.mean_los > region.median_los * (1 + policy.los_alert_over_median)
            then 'watch'
        else 'normal'
    end as status
from means
inner join region
    on means.period = region.period
    and means.drg_code = region.drg_code
inner join {{ policy_in_force(
    ['cost_alert_over_standard', 'los_alert_over_median', 'near_alert_ratio'] + variable_parameters
) }} as policy
    on means.period = policy.period
    and means.member_id = policy.member_id
left join means as before
    on {{ month_add('means.period', -1) }} = before.period
    and means.member_id = before.member_id
    and means.drg_code = before.drg_code
left join ceilings
    on means.period = ceilings.period
    and means.member_id = ceilings.member_id
    and means.drg_code = ceilings.drg_code
