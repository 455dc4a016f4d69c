-- Case cost: what the region's cases cost, then the cases of some members at once, since all of them with their payments
-- do not fit the memory at L.
create temp table region as
select cases.period, cast(sum(cases.total) * 0.01 as decimal(18, 2)) as total, cast(sum(payment.weight) as decimal(18, 4)) as weight
from case_base as cases
inner join payment
    on cases.member_id = payment.member_id and cases.encounter_id = payment.encounter_id and payment.weight > 0
group by all;

-- by member
select
    cases.period, cases.member_id, members.name_zh as member_name, cases.encounter_id, cases.encounter_type, cases.dept_code,
    departments.dept_name, payment.drg_code, payment.drg_name, cases.los_days,
    yuan(cases.drug) as drug, yuan(cases.consumable) as consumable, yuan(cases.labour) as labour,
    yuan(cases.depreciation) as depreciation, yuan(cases.other) as other, yuan(cases.indirect) as indirect,
    yuan(cases.total) as total_cost,
    cast(per(
        cast(policy_value.value as decimal(9, 6)) * cast(payment.weight as decimal(9, 4)) * cast(region.total as decimal(19, 2)),
        region.weight, 2
    ) as decimal(18, 2)) as risk,
    cases.method, yuan(cases.ratio_check) as ratio_check_cost, yuan(cases.total - cases.this_month) as cost_of_other_months,
    yuan(cases.charge) as charge, payment.payment, cast(payment.payment - yuan(cases.total) as decimal(18, 2)) as margin
from case_base as cases
left join payment on cases.member_id = payment.member_id and cases.encounter_id = payment.encounter_id
left join region on cases.period = region.period
left join policy_value
    on cases.period = policy_value.period and cases.member_id = policy_value.member_id and policy_value.parameter = 'risk_cost_rate'
left join members on cases.member_id = members.member_id
left join departments
    on cases.period = departments.period and cases.member_id = departments.member_id and cases.dept_code = departments.dept_code
where cases.member_id in ($members)
