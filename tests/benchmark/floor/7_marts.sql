-- DRG cost beside the region, and findings.
create table mart.cost.drg_cost as
with summed as (
    select
        period, member_id, any_value(member_name) as member_name, drg_code, max(drg_name) as drg_name,
        count(*) as cases, sum(los_days) as los, sum(drug) as drug, sum(consumable) as consumable,
        sum(labour) as labour, sum(depreciation) as depreciation, sum(other) as other, sum(indirect) as indirect,
        sum(total_cost) as total, sum(risk) as risk, sum(charge) as charge, sum(payment) as payment
    from mart.cost.case_cost
    where drg_code is not null
    group by period, member_id, drg_code
),
standards as (select period, member_id, drg_code, max(standard) as standard from payment group by all),
own as (
    select summed.*, members.level, standards.standard
    from summed
    inner join members on summed.member_id = members.member_id
    inner join standards
        on summed.period = standards.period and summed.member_id = standards.member_id and summed.drg_code = standards.drg_code
),
region as (
    select
        period, drg_code, count(*) as cases, sum(total_cost) as total, sum(consumable) as consumable,
        sum(case when consumable is not null then total_cost end) as base, cast(median(los_days) as decimal(18, 2)) as median_los
    from mart.cost.case_cost
    where drg_code is not null
    group by period, drg_code
),
ceiling as (
    select own.period, own.member_id, own.drg_code, max(s.cost_ceiling) as cost_ceiling
    from own
    inner join month on own.period = month.period
    inner join drg_standards as s
        on own.drg_code = s.drg_code and s.level in (own.level, 'all')
        and s.valid_from <= month.last_day and coalesce(s.valid_to, month.last_day) >= month.last_day
    group by all
),
alert as (
    select
        period, member_id,
        max(case parameter when 'cost_alert_over_standard' then value end) as over,
        max(case parameter when 'los_alert_over_median' then value end) as los,
        max(case parameter when 'near_alert_ratio' then value end) as near
    from policy_value
    group by all
)
select
    own.period, own.member_id, own.member_name, own.drg_code, own.drg_name, own.cases,
    cast(per(own.total, own.cases, 2) as decimal(18, 2)) as mean_cost,
    cast(per(own.drug, own.cases, 2) as decimal(18, 2)) as mean_drug,
    cast(per(own.consumable, own.cases, 2) as decimal(18, 2)) as mean_consumable,
    cast(per(own.labour, own.cases, 2) as decimal(18, 2)) as mean_labour,
    cast(per(own.depreciation, own.cases, 2) as decimal(18, 2)) as mean_depreciation,
    cast(per(own.other, own.cases, 2) as decimal(18, 2)) as mean_other,
    cast(per(own.indirect, own.cases, 2) as decimal(18, 2)) as mean_indirect,
    cast(per(own.risk, own.cases, 2) as decimal(18, 2)) as mean_risk,
    cast(per(own.charge, own.cases, 2) as decimal(18, 2)) as mean_charge,
    cast(per(own.payment, own.cases, 2) as decimal(18, 2)) as mean_payment,
    cast(per(own.los, own.cases, 2) as decimal(18, 2)) as mean_los,
    region.median_los as region_median_los,
    own.standard as payment_standard,
    cast(own.standard - mean_cost as decimal(18, 2)) as margin_per_case,
    cast(per(region.total, region.cases, 2) as decimal(18, 2)) as region_mean_cost,
    min(mean_cost) over (partition by own.period, own.level, own.drg_code) as peer_best_cost,
    per(own.total * region.cases, region.total * own.cases, 6) as cost_ratio_to_region,
    per(own.consumable, own.total, 6) as consumable_share,
    per(region.consumable, region.base, 6) as region_consumable_share,
    ceiling.cost_ceiling,
    mean_cost > ceiling.cost_ceiling as is_over_ceiling,
    mean_los > region.median_los * (1 + alert.los) as is_long_stay,
    case
        when mean_cost >= own.standard * (1 + alert.over) then 'over_standard'
        when mean_cost >= own.standard * (1 + cast(alert.near * alert.over as decimal(18, 6))) or is_long_stay then 'watch'
        else 'normal'
    end as status
from own
inner join region on own.period = region.period and own.drg_code = region.drg_code
inner join alert on own.period = alert.period and own.member_id = alert.member_id
left join ceiling on own.period = ceiling.period and own.member_id = ceiling.member_id and own.drg_code = ceiling.drg_code;

create temp table found as
select
    rule_code, member_id, encounter_id, subject, max(evidence_on) as evidence_on,
    cast(sum(amount_at_risk) as decimal(18, 2)) as amount_at_risk,
    list_sort(coalesce(list(distinct charge_id) filter (charge_id is not null), [])) as charge_ids
from hit
group by all;

-- Few findings meet all encounters: DuckDB takes these for fewer, and would hold them in memory.
set disabled_optimizers = 'partial_aggregate_pushdown,build_side_probe_side';

create table mart.risk.finding as
select
    coalesce(encounter.case_period, encounter.period) as period,
    md5(concat_ws('|', rule_code, found.member_id, found.encounter_id, subject, array_to_string(charge_ids, ','))) as finding_id,
    rule_code, found.member_id, encounter.dept_code, encounter.doctor_id, encounter.patient_id, found.encounter_id, charge_ids,
    evidence_on, amount_at_risk
from encounter
inner join found on encounter.member_id = found.member_id and encounter.encounter_id = found.encounter_id;
