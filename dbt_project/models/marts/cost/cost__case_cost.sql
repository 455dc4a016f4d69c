-- One row per period, member and closed case: what it cost, by component, beside what was charged and paid (domain 1.10).
-- total_cost = drug + consumable + labour + depreciation + other + indirect reconciles to the ledger. Risk cost (S3-DRG-06, S3-DRG-07)
-- stands apart: a share of the group's weight x the region's cost per unit of weight (AMB-21). Margin = payment - total_cost.
with region as (
    select
        cases.period,
        {{ money('sum(cases.total_fen) * 0.01') }} as total_cost,
        cast(sum(grouped.weight) as decimal(18, 4)) as total_weight
    from {{ ref('int_cost__case') }} as cases
    inner join {{ ref('int_payment__case') }} as grouped
        on cases.member_id = grouped.member_id
        and cases.encounter_id = grouped.encounter_id
        and grouped.weight > 0
    group by cases.period
)

select
    cases.period,
    cases.member_id,
    members.name as member_name,
    cases.encounter_id,
    cases.encounter_type,
    cases.dept_code,
    departments.dept_name,
    grouped.drg_code,
    grouped.drg_name,
    cases.los_days,
    {{ from_fen('cases.drug_fen') }} as drug,
    {{ from_fen('cases.consumable_fen') }} as consumable,
    {{ from_fen('cases.labour_fen') }} as labour,
    {{ from_fen('cases.depreciation_fen') }} as depreciation,
    {{ from_fen('cases.other_fen') }} as other,
    {{ from_fen('cases.indirect_fen') }} as indirect,
    {{ from_fen('cases.total_fen') }} as total_cost,
    {{ money_per(
        'cast(policy.risk_cost_rate as decimal(9, 6)) * cast(grouped.weight as decimal(9, 4)) * cast(region.total_cost as decimal(19, 2))',
        'region.total_weight'
    ) }} as risk,
    cases.method,
    {{ from_fen('cases.ratio_check_fen') }} as ratio_check_cost,
    {{ from_fen('cases.total_fen - cases.this_month_fen') }} as cost_of_other_months,
    {{ from_fen('coalesce(cases.charge_fen, ' ~ to_fen('grouped.charge') ~ ')') }} as charge,
    grouped.payment,
    {{ money('grouped.payment - ' ~ from_fen('cases.total_fen')) }} as margin
from {{ ref('int_cost__case') }} as cases
left join {{ ref('int_payment__case') }} as grouped
    on cases.member_id = grouped.member_id
    and cases.encounter_id = grouped.encounter_id
left join region on cases.period = region.period
left join {{ policy_in_force(['risk_cost_rate']) }} as policy
    on cases.period = policy.period
    and cases.member_id = policy.member_id
left join {{ ref('core__member') }} as members on cases.member_id = members.member_id
left join {{ ref('core__department') }} as departments
    on cases.period = departments.period
    and cases.member_id = departments.member_id
    and cases.dept_code = departments.dept_code
