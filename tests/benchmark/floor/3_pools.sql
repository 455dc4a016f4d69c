-- Cost of departments (what goes to other members stands in the trace only), the trace, and the pools that cases share (domain 1.9, 1.10), in whole fen.
create temp macro part(pool, weight, whole) as cast(
    (2 * cast(pool as hugeint) * weight + sign(pool) * sign(weight) * sign(whole) * whole) // nullif(2 * cast(whole as hugeint), 0)
as bigint);

create temp macro yuan(fen) as cast(cast(fen as decimal(18, 0)) * 0.01::decimal(3, 2) as decimal(18, 2));

-- a / b half away from zero, exact.
create temp macro per(a, b, digits) as cast(
    cast(
        sign(a) * ((2 * abs(cast(cast(a as decimal(38, 6)) * 1000000 as hugeint)) * cast(10 ** digits as bigint)
            + abs(cast(cast(b as decimal(38, 6)) * 1000000 as hugeint)))
        // nullif(2 * abs(cast(cast(b as decimal(38, 6)) * 1000000 as hugeint)), 0)) as decimal(38, 0)
    ) * case digits when 2 then 0.010000 else 0.000001 end
as decimal(18, 6));

create temp table held as
select
    period, member_id, dept_code, cost_element,
    cast(sum(direct) as bigint) as direct,
    cast(sum(case step when 0 then received else 0 end) as bigint) as common,
    cast(sum(case step when 1 then received else 0 end) as bigint) as admin,
    cast(sum(case step when 2 then received else 0 end) as bigint) as auxiliary,
    cast(sum(case step when 3 then received else 0 end) as bigint) as medtech,
    cast(sum(direct + received) as bigint) as total,
    cast(sum(passed) as bigint) as passed,
    cast(sum(external) as bigint) as external
from (
    select period, member_id, dept_code, cost_element, null as step, fen as direct, 0 as received, 0 as passed, 0 as external from direct
    union all
    select period, member_id, to_dept, cost_element, step, 0, fen, 0, 0 from flow
    union all
    select period, member_id, from_dept, cost_element, null, 0, 0, fen, case when starts_with(to_dept, 'EXT:') then fen else 0 end
    from flow
)
group by all;

create table mart.cost.department_cost as
select
    held.period, held.member_id, members.name_zh as member_name, held.dept_code,
    case
        when department.dept_code is not null then department.dept_name
        when held.dept_code = 'UNALLOCATED' then '未分摊成本'
    end as dept_name,
    case
        when department.dept_code is not null then department.dept_class
        when held.dept_code = 'UNALLOCATED' then 'unallocated'
    end as dept_class,
    held.cost_element,
    yuan(direct) as direct_amount, yuan(common) as from_common, yuan(admin) as from_admin, yuan(auxiliary) as from_auxiliary,
    yuan(medtech) as from_medtech, yuan(total) as full_amount, yuan(passed) as passed_on_amount
from held
left join members on held.member_id = members.member_id
left join department
    on held.period = department.period and held.member_id = department.member_id and held.dept_code = department.dept_code
where not starts_with(held.dept_code, 'EXT:');

create table mart.cost.allocation_trace as
select
    flow.period, flow.member_id, members.name_zh as member_name, flow.step, flow.from_dept, senders.dept_name as from_dept_name,
    flow.to_dept,
    case
        when receivers.dept_code is not null then receivers.dept_name
        when flow.to_dept = 'UNALLOCATED' then '未分摊成本'
        else '外部：' || others.name_zh
    end as to_dept_name,
    flow.cost_element, flow.driver, flow.is_fallback,
    per(flow.quantity, flow.total, 6) as driver_share,
    yuan(flow.fen) as amount
from flow
left join members on flow.member_id = members.member_id
left join members as others on flow.to_dept = 'EXT:' || others.member_id
left join department as senders
    on flow.period = senders.period and flow.member_id = senders.member_id and flow.from_dept = senders.dept_code
left join department as receivers
    on flow.period = receivers.period and flow.member_id = receivers.member_id and flow.to_dept = receivers.dept_code;

create temp table service_volume as
select
    volume.period, volume.member_id,
    case charge_class
        when 'drug' then 'DRUG' when 'consumable' then 'MATERIAL' when 'high_value_consumable' then 'MATERIAL' else executing_dept
    end as pool,
    cast(sum(fen) as bigint) as fen,
    cast(coalesce(sum(cast(quantity * 10000 as hugeint) * equivalent), 0) as bigint) as points,
    cast(sum(case when equivalent is not null then fen else 0 end) as bigint) as covered
from volume
left join item_equivalent on volume.period = item_equivalent.period and volume.item_code = item_equivalent.item_code
group by all;

-- The member's method: equivalents where they cover the policy share of its services, charges else, days without any charge.
create temp table method as
select
    listed.period, listed.member_id, least_covered.value as least_covered,
    case
        when services.fen > 0 and services.covered >= services.fen * least_covered.value then 'bottom_up'
        when services.fen > 0 then 'cost_to_charge'
        else 'top_down'
    end as method
from (select distinct period, member_id from departments) as listed
inner join (
    select distinct period, member_id from mart.ledger.entry where not is_closing and starts_with(account_code, '5')
) as ledgers on listed.period = ledgers.period and listed.member_id = ledgers.member_id
inner join policy_value as least_covered
    on listed.period = least_covered.period
    and listed.member_id = least_covered.member_id
    and least_covered.parameter = 'bottom_up_coverage_min'
left join (
    select period, member_id, sum(fen) as fen, sum(covered) as covered
    from service_volume where pool not in ('DRUG', 'MATERIAL') group by all
) as services on listed.period = services.period and listed.member_id = services.member_id;

create temp table service_cost as
with sums as (
    select
        held.period, held.member_id, held.dept_code, department.dept_class,
        cast(sum(case when cost_element = 'drug' then direct else 0 end) as bigint) as drug,
        cast(sum(case when cost_element = 'consumable' then direct else 0 end) as bigint) as consumable,
        cast(sum(case when cost_element = 'labour' then direct else 0 end) as bigint) as labour,
        cast(sum(case when cost_element in ('depreciation', 'amortisation') then direct else 0 end) as bigint) as depreciation,
        cast(sum(case when cost_element in ('risk_fund', 'other') then direct else 0 end) as bigint) as other,
        cast(sum(medtech) as bigint) as medtech,
        cast(sum(total - medtech) as bigint) as cost2,
        cast(sum(external) as bigint) as external
    from held
    inner join department
        on held.period = department.period and held.member_id = department.member_id and held.dept_code = department.dept_code
        and department.dept_class in ('clinical', 'medtech')
    group by all
)
select
    period, member_id, dept_code, dept_class, medtech,
    drug - coalesce(part(drug, external, cost2), 0) as drug,
    consumable - coalesce(part(consumable, external, cost2), 0) as consumable,
    labour - coalesce(part(labour, external, cost2), 0) as labour,
    depreciation - coalesce(part(depreciation, external, cost2), 0) as depreciation,
    other - coalesce(part(other, external, cost2), 0) as other,
    cost2 - external as whole
from sums;

-- Consumables charged by themselves: a department's own first, what a central store charged from the rest in proportion.
create temp table charged_material as
with sold as (
    select
        period, member_id, executing_dept,
        sum(case when charge_class = 'drug' then fen else 0 end) as drugs,
        sum(case when charge_class <> 'drug' then fen else 0 end) as materials
    from volume
    where charge_class in ('drug', 'consumable', 'high_value_consumable')
    group by all
),
home as (
    select
        c.period, c.member_id, c.dept_code, c.consumable,
        cast(greatest(least(c.consumable, coalesce(sold.materials, 0)), 0) as bigint) as home,
        coalesce(sold.drugs, 0) as drugs, coalesce(sold.materials, 0) as materials
    from service_cost as c
    left join sold on c.period = sold.period and c.member_id = sold.member_id and c.dept_code = sold.executing_dept
),
sums as (
    select
        *,
        cast(sum(home) over member as bigint) as all_home,
        cast(sum(greatest(consumable, 0) - home) over member as bigint) as all_rest
    from home
    window member as (partition by period, member_id)
)
select
    sums.period, sums.member_id, sums.dept_code, sums.drugs, sums.materials,
    home + coalesce(part(
        greatest(consumable, 0) - home, greatest(least(all_rest, coalesce(revenue.fen, 0) - all_home), 0), all_rest
    ), 0) as charged
from sums
left join service_volume as revenue
    on sums.period = revenue.period and sums.member_id = revenue.member_id and revenue.pool = 'MATERIAL';

create temp table pool as
with placed as (
    select
        c.*, method.method, m.charged,
        c.whole - c.drug - c.consumable - c.labour - c.depreciation - c.other as indirect,
        case
            when c.dept_class = 'clinical' or v.fen > 0 then c.dept_code
            when m.drugs > 0 and m.drugs >= m.materials then 'DRUG'
            when m.materials > 0 then 'MATERIAL'
            else c.dept_code
        end as pool
    from service_cost as c
    inner join method on c.period = method.period and c.member_id = method.member_id
    inner join charged_material as m on c.period = m.period and c.member_id = m.member_id and c.dept_code = m.dept_code
    left join service_volume as v on c.period = v.period and c.member_id = v.member_id and c.dept_code = v.pool
),
parts as (
    select period, member_id, method, dept_class, pool, 0 as drug, consumable - charged as consumable, labour, depreciation, other, indirect
    from placed where method <> 'top_down'
    union all
    select period, member_id, method, dept_class, 'DRUG', drug, 0, 0, 0, 0, 0 from placed where method <> 'top_down'
    union all
    select period, member_id, method, dept_class, 'MATERIAL', 0, charged, 0, 0, 0, 0 from placed where method <> 'top_down'
    union all
    select period, member_id, method, dept_class, dept_code, drug, consumable, labour, depreciation, other, indirect + medtech
    from placed where method = 'top_down' and dept_class = 'clinical'
),
sums as (
    select
        period, member_id, pool, method,
        pool not in ('DRUG', 'MATERIAL') and max(dept_class) = 'clinical' as is_clinical,
        cast(sum(drug) as bigint) as drug, cast(sum(consumable) as bigint) as consumable, cast(sum(labour) as bigint) as labour,
        cast(sum(depreciation) as bigint) as depreciation, cast(sum(other) as bigint) as other, cast(sum(indirect) as bigint) as indirect
    from parts
    group by period, member_id, pool, method
)
select
    sums.*, drug + consumable + labour + depreciation + other + indirect as total, coalesce(v.fen, 0) as revenue,
    case
        when method.method = 'top_down' then 'day'
        when method.method = 'bottom_up' and v.points > 0 and v.covered >= v.fen * method.least_covered and sums.pool not in ('DRUG', 'MATERIAL')
            then 'equivalent'
        when v.fen > 0 then 'charge'
        when is_clinical then 'day'
    end as kind,
    case kind when 'equivalent' then v.points when 'charge' then v.fen end as weight_total
from sums
inner join method on sums.period = method.period and sums.member_id = method.member_id
left join service_volume as v on sums.period = v.period and sums.member_id = v.member_id and sums.pool = v.pool;

-- Settled stays and their tariff (domain 4.1): a set standard, else weight x the level's rate, else x the consortium's and a factor.
create temp table settled as
with versions as (
    select settlements.*
    from settlements
    semi join stay on settlements.member_id = stay.member_id and settlements.encounter_id = stay.encounter_id
    qualify row_number() over (
        partition by settlements.member_id, settlement_id order by settlements.period desc, settlements.delivery_date desc, source_row desc
    ) = 1
)
select
    member_id, encounter_id, max(nullif(trim(drg_code), '')) as drg_code,
    cast(sum(total_charge) as decimal(18, 2)) as charge, cast(sum(fund_paid) as decimal(18, 2)) as fund_paid,
    max(delivery_date) as delivery_date
from versions
group by member_id, encounter_id;

create temp table tariff as
with grouped as (
    select stay.*, settled.drg_code, settled.charge, drg.drg_name, drg.weight
    from stay
    inner join settled
        on stay.member_id = settled.member_id and stay.encounter_id = settled.encounter_id and settled.drg_code is not null
    left join drg
        on settled.drg_code = drg.drg_code
        and stay.ended_on >= drg.valid_from and stay.ended_on <= coalesce(drg.valid_to, stay.ended_on)
    where stay.case_period is not null
),
standard as (
    select
        member_id, encounter_id,
        coalesce(
            max(case when s.level <> 'all' then s.payment_standard end), max(case when s.level = 'all' then s.payment_standard end)
        ) as standard
    from grouped
    inner join drg_standards as s
        on grouped.drg_code = s.drg_code and s.level in (grouped.level, 'all')
        and grouped.ended_on >= s.valid_from and grouped.ended_on <= coalesce(s.valid_to, grouped.ended_on)
    group by all
)
select
    grouped.case_period as period, grouped.member_id, grouped.encounter_id, grouped.fiscal_year, grouped.drg_code, grouped.drg_name,
    grouped.weight, grouped.charge,
    cast(coalesce(
        standard.standard, grouped.weight * own.rate, grouped.weight * consortium.rate * factor.value
    ) as decimal(18, 2)) as standard,
    coalesce(own.high_multiple, consortium.high_multiple) as high_multiple,
    coalesce(own.low_multiple, consortium.low_multiple) as low_multiple,
    coalesce(own.high_cap_share, consortium.high_cap_share) as high_cap_share
from grouped
left join standard on grouped.member_id = standard.member_id and grouped.encounter_id = standard.encounter_id
left join drg_rates as own
    on grouped.region_code = own.region_code and grouped.fiscal_year = own.fiscal_year and grouped.level = own.level
    and grouped.ended_on >= own.valid_from and grouped.ended_on <= coalesce(own.valid_to, grouped.ended_on)
left join drg_rates as consortium
    on grouped.region_code = consortium.region_code and grouped.fiscal_year = consortium.fiscal_year and consortium.level = 'all'
    and grouped.ended_on >= consortium.valid_from and grouped.ended_on <= coalesce(consortium.valid_to, grouped.ended_on)
left join policy_value as factor
    on grouped.case_period = factor.period and grouped.member_id = factor.member_id and factor.parameter = 'level_factor';

-- The dearest cases up to a share of the year's discharges are paid by item, counted anew for each month of the year.
create temp table payment as
with discharged as (
    select member_id, fiscal_year, case_period as period, sum(count(*)) over (partition by member_id, fiscal_year order by case_period) as ytd
    from stay where case_period is not null group by member_id, fiscal_year, case_period
),
dear as (select * from tariff where charge > standard * high_multiple),
ranked as (
    select one.member_id, one.encounter_id, one.fiscal_year, one.period, any_value(one.high_cap_share) as high_cap_share, count(*) as place
    from dear as one
    inner join dear as ahead
        on one.member_id = ahead.member_id and one.fiscal_year = ahead.fiscal_year and ahead.period <= one.period
        and (ahead.charge - ahead.standard, one.encounter_id) >= (one.charge - one.standard, ahead.encounter_id)
    group by all
),
high as (
    select ranked.member_id, ranked.encounter_id
    from ranked
    inner join discharged
        on ranked.member_id = discharged.member_id and ranked.fiscal_year = discharged.fiscal_year and ranked.period = discharged.period
    where place <= floor(high_cap_share * ytd)
)
select
    tariff.*,
    cast(
        case when high.encounter_id is null and not coalesce(charge < standard * low_multiple, false) then coalesce(standard, charge)
        else charge end
    as decimal(18, 2)) as payment
from tariff
left join high on tariff.member_id = high.member_id and tariff.encounter_id = high.encounter_id;

create temp table case_base (
    period varchar, member_id varchar, encounter_id varchar, encounter_type varchar, dept_code varchar, los_days bigint,
    charge bigint, drug bigint, consumable bigint, labour bigint, depreciation bigint, other bigint, indirect bigint,
    total bigint, ratio_check bigint, this_month bigint, method varchar
);
