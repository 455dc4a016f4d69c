-- One row per period, member and department with risk indicators; dept_code '*' is the whole member.
-- Score: the blocks by the pillar weights of policy (S2-RISK-01, TC-73); without one of the blocks there is none, nor a rank.
-- Departments are ranked within their member, members within the consortium; who is vetoed (S2-RISK-25) stands behind all others.
-- Lists (S2-PERF-06, AMB-16, AMB-36): top share rounded up is red, bottom share rounded down is black, ties share, from a least number on;
-- who is vetoed is black. Rank lists are published by the day of policy in the month after.
with blocks as (
    select
        period,
        entity_level,
        member_id,
        dept_code,
        max(case when block = 'structure' then score end) as structure,
        max(case when block = 'process' then score end) as process,
        max(case when block = 'outcome' then score end) as outcome,
        max(case when block = 'structure' then coverage end) as structure_coverage,
        max(case when block = 'process' then coverage end) as process_coverage,
        max(case when block = 'outcome' then coverage end) as outcome_coverage,
        sum(indicators) as indicators
    from {{ ref('int_risk__block_score') }}
    group by period, entity_level, member_id, dept_code
),

lit as (
    select
        period,
        entity_level,
        member_id,
        dept_code,
        sum(case when light = 'red' then 1 else 0 end) as red_lights,
        sum(case when light = 'yellow' then 1 else 0 end) as yellow_lights,
        min(case when is_veto and light <> 'green' then indicator_name end) as veto_name
    from {{ ref('int_risk__light') }}
    where entity_level in ('member', 'department')
    group by period, entity_level, member_id, dept_code
),

-- S2-PERF-04: who was found in violation this year has lost the year's award.
violations as (
    select distinct substr(period, 1, 4) as calendar_year, member_id, dept_code
    from {{ ref('int_risk__follow_up') }}
    where source <> 'rule' and status <> 'denied'
),

policies as (
    select * from {{ policy_in_force([
        'pillar_weight_structure', 'pillar_weight_process', 'pillar_weight_result', 'award_score_floor',
        'ranking_top_share', 'ranking_bottom_share', 'ranking_publish_day', 'insurance_score_weight',
    ]) }}
),

leasts as (
    select * from {{ rule_parameters('S2-PERF-06', ['least_ranked']) }}
),

-- The department's score without its insurance part, as the member reports it (reported_indicators, code S2-PERF-01).
reported as (
    select period, member_id, nullif(dept_code, '*') as dept_code, max(value) as other_score
    from {{ ref('stg_reported_indicators') }}
    where indicator_code = 'S2-PERF-01'
    group by period, member_id, nullif(dept_code, '*')
),

scored as (
    select
        blocks.*,
        reported.other_score,
        lit.red_lights,
        lit.yellow_lights,
        lit.veto_name,
        lit.veto_name is not null as vetoed,
        cast(
            blocks.structure * policies.pillar_weight_structure
            + blocks.process * policies.pillar_weight_process
            + blocks.outcome * policies.pillar_weight_result as decimal(18, 2)
        ) as score,
        policies.award_score_floor,
        policies.insurance_score_weight,
        policies.ranking_top_share,
        policies.ranking_bottom_share,
        policies.ranking_publish_day,
        leasts.least_ranked,
        case when blocks.entity_level = 'department' then blocks.member_id else '*' end as field
    from blocks
    inner join lit
        on blocks.period = lit.period
        and blocks.entity_level = lit.entity_level
        and blocks.member_id = lit.member_id
        and blocks.dept_code is not distinct from lit.dept_code
    inner join policies on blocks.period = policies.period and blocks.member_id = policies.member_id
    inner join leasts on blocks.period = leasts.period
    left join reported
        on blocks.period = reported.period
        and blocks.member_id = reported.member_id
        and blocks.dept_code is not distinct from reported.dept_code
),

ranked as (
    select
        *,
        case when score is not null then
            rank() over (partition by period, field, score is null order by vetoed, score desc)
        end as place,
        case when score is not null then
            rank() over (partition by period, field, score is null order by vetoed desc, score)
        end as place_from_below,
        count(score) over (partition by period, field) as ranked
    from scored
)

select
    ranked.period,
    ranked.member_id,
    members.name as member_name,
    coalesce(ranked.dept_code, '*') as dept_code,
    departments.dept_name,
    ranked.structure,
    ranked.process,
    ranked.outcome,
    ranked.structure_coverage,
    ranked.process_coverage,
    ranked.outcome_coverage,
    ranked.indicators,
    ranked.red_lights,
    ranked.yellow_lights,
    ranked.score,
    ranked.place as rank,
    ranked.ranked,
    case
        when ranked.vetoed then 'black'
        when ranked.score is null then cast(null as varchar)
        when ranked.ranked < ranked.least_ranked then 'normal'
        when ranked.place <= ceil(ranked.ranked * ranked.ranking_top_share) then 'red'
        when ranked.place_from_below <= floor(ranked.ranked * ranked.ranking_bottom_share) then 'black'
        else 'normal'
    end as list,
    ranked.vetoed,
    ranked.veto_name,
    cast(ranked.other_score as decimal(18, 2)) as other_score,
    -- S2-PERF-01 (TC-18): the insurance score is its share of the whole
    cast(
        ranked.other_score * (1 - ranked.insurance_score_weight) + ranked.score * ranked.insurance_score_weight as decimal(18, 2)
    ) as composite_score,
    -- S2-PERF-01 (TC-18): below the floor no award, whatever the rest of the score; nor after a violation (S2-PERF-04)
    case
        when ranked.score is not null
            then ranked.score >= ranked.award_score_floor and not ranked.vetoed and violations.member_id is null
    end as is_award_eligible,
    {{ day_add(month_start(month_add('ranked.period', 1)), 'cast(ranked.ranking_publish_day as integer) - 1') }} as publish_by
from ranked
left join violations
    on substr(ranked.period, 1, 4) = violations.calendar_year
    and ranked.member_id = violations.member_id
    and ranked.dept_code = violations.dept_code
left join {{ ref('core__member') }} as members on ranked.member_id = members.member_id
left join {{ ref('core__department') }} as departments
    on ranked.period = departments.period
    and ranked.member_id = departments.member_id
    and ranked.dept_code = departments.dept_code
