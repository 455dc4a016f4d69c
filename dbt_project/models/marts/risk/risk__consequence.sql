-- One row per period, member, department and consequence that the rules attach to what was found or left undone.
-- S2-PERF-04 (TC-14): the amount of a violation is recovered, a share of it deducted from performance pay, the year's award lost.
-- S2-PERF-05, AMB-46: a systemic violation takes the whole year's performance pay in the place of that share, suspends settlement and
-- has the director admonished. S2-PERF-11 (TC-19): a department below its study sessions of the month loses a share of that month's
-- performance pay. S2-RISK-08 (TC-74): denials of items used before their assessment. S2-PERF-06: rewarded or warned by the rank list.
with policies as (
    select * from {{ policy_in_force([
        'violation_deduction_rate', 'systemic_suspension', 'insurance_study_per_month', 'training_deduction'
    ]) }}
),

pay as (
    select period, member_id, dept_code, {{ money('sum(performance_pay)') }} as performance_pay
    from {{ ref('stg_payroll') }}
    group by period, member_id, dept_code
),

yearly_pay as (
    select
        substr(period, 1, 4) as calendar_year,
        member_id,
        dept_code,
        {{ money('sum(performance_pay)') }} as performance_pay
    from pay
    group by substr(period, 1, 4), member_id, dept_code
),

violations as (
    select
        period,
        policy_period,
        member_id,
        dept_code,
        max(case when severity = 'systemic' then 1 else 0 end) = 1 as is_systemic,
        {{ money('sum(amount)') }} as amount,
        {{ money("sum(case when severity = 'systemic' then 0 else amount end)") }} as ordinary_amount,
        max(case when severity = 'systemic' then found_on end) as systemic_on,
        count(*) as findings
    from {{ ref('int_risk__follow_up') }}
    where source <> 'rule' and status <> 'denied'
    group by period, policy_period, member_id, dept_code
),

judged as (
    select
        violations.*,
        policies.violation_deduction_rate,
        policies.systemic_suspension,
        yearly_pay.performance_pay as yearly_performance_pay
    from violations
    inner join policies on violations.policy_period = policies.period and violations.member_id = policies.member_id
    left join yearly_pay
        on substr(violations.period, 1, 4) = yearly_pay.calendar_year
        and violations.member_id = yearly_pay.member_id
        and violations.dept_code = yearly_pay.dept_code
),

-- Where a member tells training at all, a department without a session has none.
studied as (
    select departments.period, departments.member_id, departments.dept_code, count(distinct sessions.session) as sessions
    from {{ ref('stg_departments') }} as departments
    inner join (select distinct period, member_id from {{ ref('stg_insurer_training') }}) as telling
        on departments.period = telling.period and departments.member_id = telling.member_id
    left join (
        select period, member_id, dept_code, cast(held_on as varchar) || topic as session from {{ ref('stg_insurer_training') }}
    ) as sessions
        on departments.period = sessions.period
        and departments.member_id = sessions.member_id
        and departments.dept_code = sessions.dept_code
    where departments.dept_class = 'clinical'
    group by departments.period, departments.member_id, departments.dept_code
),

untrained as (
    select
        studied.period,
        studied.member_id,
        studied.dept_code,
        studied.sessions,
        policies.insurance_study_per_month,
        policies.training_deduction,
        pay.performance_pay
    from studied
    inner join policies on studied.period = policies.period and studied.member_id = policies.member_id
    inner join pay
        on studied.period = pay.period and studied.member_id = pay.member_id and studied.dept_code = pay.dept_code
    where studied.sessions < policies.insurance_study_per_month
),

denied as (
    select period, member_id, dept_code, sum(amount) as denied_amount, {{ money('sum(borne_by_department)') }} as borne
    from {{ ref('risk__denial') }}
    where borne_by_department > 0
    group by period, member_id, dept_code
),

consequences as (
    select
        period, member_id, dept_code, 'recovery' as consequence, '追回违规金额' as consequence_name, 'S2-PERF-04' as rule_id,
        amount as basis_amount, cast(1 as decimal(18, 6)) as rate, amount, cast(null as date) as until_on,
        findings || '项检查发现' as reason
    from judged
    where amount > 0
    union all
    select
        period, member_id, dept_code, 'deduction', '扣减科室绩效', 'S2-PERF-04', ordinary_amount, violation_deduction_rate,
        {{ money('ordinary_amount * violation_deduction_rate') }}, cast(null as date), '按违规金额比例扣减'
    from judged
    where not is_systemic and ordinary_amount > 0
    union all
    select
        period, member_id, dept_code, 'yearly_deduction', '扣减全年绩效', 'S2-PERF-05', yearly_performance_pay,
        cast(1 as decimal(18, 6)), yearly_performance_pay, cast(null as date), '系统性违规,全年绩效扣减(已交付月份)'
    from judged
    where is_systemic and yearly_performance_pay is not null
    union all
    select
        period, member_id, dept_code, 'suspension', '暂停医保结算', 'S2-PERF-05', cast(null as decimal(18, 2)),
        cast(null as decimal(18, 6)), cast(null as decimal(18, 2)),
        {{ day_add('systemic_on', 'cast(systemic_suspension as integer)') }}, '系统性违规'
    from judged
    where is_systemic
    union all
    select
        period, member_id, dept_code, 'admonition', '科主任诫勉谈话', 'S2-PERF-05', cast(null as decimal(18, 2)),
        cast(null as decimal(18, 6)), cast(null as decimal(18, 2)), cast(null as date), '系统性违规'
    from judged
    where is_systemic
    union all
    select
        period, member_id, dept_code, 'award_cancelled', '取消年度评优', 'S2-PERF-04', cast(null as decimal(18, 2)),
        cast(null as decimal(18, 6)), cast(null as decimal(18, 2)),
        cast(substr(period, 1, 4) || '-12-31' as date), findings || '项检查发现'
    from judged
    union all
    select
        period, member_id, dept_code, 'training_deduction', '学习未达标扣减绩效', 'S2-PERF-11', performance_pay, training_deduction,
        {{ money('performance_pay * training_deduction') }}, cast(null as date),
        '本月学习' || sessions || '次,要求' || {{ plain('insurance_study_per_month') }} || '次'
    from untrained
    union all
    select
        period, member_id, dept_code, 'denial_borne', '拒付由科室全额承担', 'S2-RISK-08', denied_amount, cast(null as decimal(18, 6)),
        borne, cast(null as date), '新技术新耗材未经医保评估即使用'
    from denied
    union all
    select
        scorecards.period, scorecards.member_id, scorecards.dept_code,
        case scorecards.list when 'red' then 'reward' else 'warning_talk' end,
        case scorecards.list when 'red' then '红榜奖励' else '约谈提醒,下月复查' end, 'S2-PERF-06',
        cast(null as decimal(18, 2)), cast(null as decimal(18, 6)), cast(null as decimal(18, 2)),
        case when scorecards.list = 'black' then {{ month_end(month_add('scorecards.period', 1)) }} end,
        coalesce('排名第' || scorecards.rank || ',共' || scorecards.ranked || '个科室', '未排名') || coalesce(',一票否决:' || scorecards.veto_name, '')
    from {{ ref('risk__scorecard') }} as scorecards
    where scorecards.list in ('red', 'black') and scorecards.dept_code <> '*'
)

select
    consequences.period,
    consequences.member_id,
    members.name as member_name,
    consequences.dept_code,
    departments.dept_name,
    consequences.consequence,
    consequences.consequence_name,
    consequences.rule_id,
    consequences.basis_amount,
    consequences.rate,
    consequences.amount,
    consequences.until_on,
    consequences.reason
from consequences
left join {{ ref('core__member') }} as members on consequences.member_id = members.member_id
left join {{ ref('core__department') }} as departments
    on consequences.period = departments.period
    and consequences.member_id = departments.member_id
    and consequences.dept_code = departments.dept_code
