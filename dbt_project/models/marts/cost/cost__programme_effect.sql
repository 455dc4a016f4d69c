-- One row per period, member and programme with the same month of the year before: cost beside effect (成本—效果评价, S5-COST-05).
-- dominant: cheaper and better, or one of both at no loss; dominated: the reverse; trade_off: one for the other; neutral: no change.
-- Programmes: family-doctor contracts (fee per contract; services done of those due; contracts signed), chronic care (management
-- cost per patient; share controlled), public health (cost per service; done of target).
with programmes as (
    select
        period,
        member_id,
        'family_doctor' as programme,
        '家庭医生签约' as programme_name,
        {{ money('sum(fee_fund + fee_fiscal + fee_person)') }} as cost,
        cast(count(*) as decimal(18, 4)) as people,
        cast(sum(services_done) as decimal(18, 4)) as effect_part,
        cast(sum(services_due) as decimal(18, 4)) as effect_whole
    from {{ ref('stg_family_contracts') }}
    group by period, member_id
    union all
    select
        period,
        member_id,
        'chronic_' || programme,
        case programme
            when 'hypertension' then '高血压管理' when 'diabetes' then '糖尿病管理' when 'copd' then '慢阻肺管理' else '其他慢病管理'
        end,
        {{ money('sum(management_cost)') }},
        cast(count(*) as decimal(18, 4)),
        cast(sum(case when is_controlled then 1 else 0 end) as decimal(18, 4)),
        cast(count(*) as decimal(18, 4))
    from {{ ref('stg_chronic_care') }}
    group by period, member_id, programme
    union all
    select
        period,
        member_id,
        'public_health',
        '基本公共卫生',
        {{ money('sum(cost)') }},
        cast(sum(done_qty) as decimal(18, 4)),
        cast(sum(done_qty) as decimal(18, 4)),
        cast(sum(target_qty) as decimal(18, 4))
    from {{ ref('stg_public_health') }}
    group by period, member_id
),

rates as (
    select
        *,
        {{ money_per('cost', 'people') }} as unit_cost,
        {{ ratio('effect_part', 'effect_whole') }} as effect
    from programmes
),

compared as (
    select
        now.*,
        before.unit_cost as previous_unit_cost,
        before.effect as previous_effect,
        {{ ratio('now.cost * before.people - before.cost * now.people', 'before.cost * now.people') }} as cost_change,
        {{ ratio(
            'now.effect_part * before.effect_whole - before.effect_part * now.effect_whole', 'before.effect_part * now.effect_whole'
        ) }} as effect_change
    from rates as now
    inner join rates as before
        on {{ month_add('now.period', -12) }} = before.period
        and now.member_id = before.member_id
        and now.programme = before.programme
)

select
    compared.period,
    compared.member_id,
    members.name as member_name,
    compared.programme,
    compared.programme_name,
    compared.unit_cost,
    compared.previous_unit_cost,
    compared.effect,
    compared.previous_effect,
    compared.cost_change,
    compared.effect_change,
    case
        when compared.cost_change is null or compared.effect_change is null then null
        when compared.cost_change = 0 and compared.effect_change = 0 then 'neutral'
        when compared.cost_change <= 0 and compared.effect_change >= 0 then 'dominant'
        when compared.cost_change >= 0 and compared.effect_change <= 0 then 'dominated'
        else 'trade_off'
    end as verdict
from compared
left join {{ ref('core__member') }} as members on compared.member_id = members.member_id
