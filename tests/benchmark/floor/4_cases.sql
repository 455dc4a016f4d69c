-- Of one member ($member): its cases' cost (domain 1.10) and its charge lines' findings. Member by member, so that the largest
-- joins fit in memory.
create or replace temp table visit as
select encounter_id, patient_id, encounter_type, dept_code, doctor_id, started_at, ended_at, case_period, period, los_days
from encounter
where member_id = $member;

create or replace temp table line as
select
    strftime(charged_at, '%Y-%m') as period, encounter_id, charge_id, charged_at, item_code, charge_class, quantity, unit_price, amount,
    executing_dept
from charge
where member_id = $member;

create or replace temp table weight as
select
    line.period, line.encounter_id,
    case
        when charge_class = 'drug' then 'DRUG'
        when charge_class in ('consumable', 'high_value_consumable') then 'MATERIAL'
        else executing_dept
    end as pool,
    cast(sum(cast(amount * 100 as bigint)) as bigint) as fen,
    cast(coalesce(sum(cast(quantity * 10000 as bigint) * equivalent), 0) as bigint) as points,
    cast(0 as bigint) as days
from line
left join item_equivalent on line.period = item_equivalent.period and line.item_code = item_equivalent.item_code
group by all;

-- Pools without charges go by nights where the member delivers them, else by the days of their department's encounters.
insert into weight
with pools as (select period, pool from pool where member_id = $member and kind = 'day'),
nights as (
    select strftime(census_date, '%Y-%m') as period, encounter_id, dept_code as pool, count(distinct census_date) as days
    from bed_days
    where member_id = $member and dept_code is not null
    group by all
),
counted as (select nights.* from nights semi join pools on nights.period = pools.period and nights.pool = pools.pool)
select period, encounter_id, pool, 0, 0, days from counted
union all
select
    pools.period, visit.encounter_id, pools.pool, 0, 0,
    case
        when visit.encounter_type <> 'inpatient' then 1
        else greatest(date_diff(
            'day', greatest(cast(visit.started_at as date), month.first_day),
            least(cast(coalesce(visit.ended_at, month.last_day + 1) as date), month.last_day + 1)
        ), 1)
    end
from pools
anti join counted on pools.period = counted.period and pools.pool = counted.pool
inner join month on pools.period = month.period
inner join visit
    on pools.pool = visit.dept_code
    and strftime(visit.started_at, '%Y-%m') <= pools.period
    and (
        visit.case_period = pools.period
        or visit.encounter_type = 'inpatient' and coalesce(visit.case_period, pools.period) >= pools.period
    );

insert into case_base
with pools as (
    select pool.*, coalesce(pool.weight_total, days.days) as whole
    from pool
    left join (select period, pool, cast(sum(days) as bigint) as days from weight group by all) as days
        on pool.period = days.period and pool.pool = days.pool
    where pool.member_id = $member and pool.kind is not null
),
shares as (
    select
        weight.period, weight.encounter_id, weight.fen,
        case pools.kind when 'equivalent' then weight.points when 'charge' then weight.fen else weight.days end as w,
        case when pools.drug <> 0 then coalesce(part(pools.drug, w, pools.whole), 0) else 0 end as drug_,
        case when pools.consumable <> 0 then coalesce(part(pools.consumable, w, pools.whole), 0) else 0 end as consumable_,
        case when pools.labour <> 0 then coalesce(part(pools.labour, w, pools.whole), 0) else 0 end as labour_,
        case when pools.depreciation <> 0 then coalesce(part(pools.depreciation, w, pools.whole), 0) else 0 end as depreciation_,
        case when pools.other <> 0 then coalesce(part(pools.other, w, pools.whole), 0) else 0 end as other_,
        case when pools.indirect <> 0 then coalesce(part(pools.indirect, w, pools.whole), 0) else 0 end as indirect_,
        case when pools.kind = 'equivalent' then part(pools.total, weight.fen, pools.revenue) end as by_charge
    from weight
    left join pools on weight.period = pools.period and weight.pool = pools.pool
),
shared as (
    select *, drug_ + consumable_ + labour_ + depreciation_ + other_ + indirect_ as total_ from shares
)
select
    visit.case_period, $member, visit.encounter_id, visit.encounter_type, visit.dept_code, visit.los_days,
    cast(sum(fen) as bigint), cast(sum(drug_) as bigint), cast(sum(consumable_) as bigint), cast(sum(labour_) as bigint),
    cast(sum(depreciation_) as bigint), cast(sum(other_) as bigint), cast(sum(indirect_) as bigint), cast(sum(total_) as bigint),
    cast(sum(coalesce(by_charge, total_)) as bigint), cast(sum(case when shared.period = visit.case_period then total_ else 0 end) as bigint),
    method.method
from shared
inner join visit on shared.encounter_id = visit.encounter_id and visit.case_period is not null
inner join method on visit.case_period = method.period and method.member_id = $member
group by all;

-- The n-th refund of an encounter, item, price and quantity takes back the n-th latest charge before the last refund.
create or replace temp table refunded as
with refund as (
    select encounter_id, item_code, unit_price, abs(quantity) as quantity, count(*) as refunds, max(charged_at) as last_at
    from line where quantity < 0 group by all
)
select charge_id
from (
    select
        line.charge_id, refund.refunds,
        row_number() over (same order by line.charged_at desc, line.charge_id desc) as place,
        sum(case when line.quantity > 0 then 1 else 0 end) over (
            partition by line.encounter_id, line.item_code, line.unit_price, abs(line.quantity)
        ) as charges
    from line
    inner join refund
        on line.encounter_id = refund.encounter_id and line.item_code = refund.item_code
        and line.unit_price = refund.unit_price and abs(line.quantity) = refund.quantity
        and (line.quantity < 0 or line.charged_at <= refund.last_at)
    window same as (partition by line.encounter_id, line.item_code, line.unit_price, line.quantity)
)
where place <= least(refunds, charges);

create or replace temp view standing as
select line.*, cast(line.charged_at as date) as charged_on, visit.patient_id
from line
inner join visit on line.encounter_id = visit.encounter_id
anti join refunded on line.charge_id = refunded.charge_id;

-- R31: beyond an item's daily maximum for one person; days on a 64-bit hash first, then exactly; the latest lines are the excess.
insert into hit
with limited as (
    select
        standing.encounter_id, charge_id, patient_id, standing.item_code, charged_on, charged_at, quantity, unit_price, watch.day_limit,
        hash(patient_id, standing.item_code, charged_on) as h
    from standing
    inner join watch
        on standing.item_code = watch.item_code and watch.day_limit is not null and not watch.is_hourly
        and charged_on >= watch.valid_from and charged_on <= coalesce(watch.valid_to, charged_on)
),
crowded as (
    select h from limited group by h having sum(quantity) > min(day_limit)
),
running as (
    select
        limited.*,
        sum(quantity) over (partition by patient_id, item_code, charged_on) as whole_day,
        coalesce(sum(case when quantity > 0 then quantity end) over (
            partition by patient_id, item_code, charged_on order by charged_at desc, charge_id desc
            rows between unbounded preceding and 1 preceding
        ), 0) as later
    from limited
    semi join crowded on limited.h = crowded.h
)
select
    'R31', $member, encounter_id, item_code || '@' || charged_on, charge_id, charged_on,
    cast(cast(least(quantity, whole_day - day_limit - later) as decimal(18, 4)) * unit_price as decimal(18, 2))
from running
where quantity > 0 and whole_day > day_limit and later < whole_day - day_limit;

create or replace temp table watched as
select
    standing.*, epoch_ms(charged_at) // 60000 as minute, watch.is_paired, watch.exclusive_group,
    case members.level
        when 'tertiary' then watch.max_price_tertiary when 'secondary' then watch.max_price_secondary else watch.max_price_primary
    end as price_limit
from standing
inner join members on members.member_id = $member
inner join watch
    on standing.item_code = watch.item_code and charged_on >= watch.valid_from and charged_on <= coalesce(watch.valid_to, charged_on)
where quantity > 0 and (watch.is_paired or watch.exclusive_group is not null or unit_price > price_limit);

-- R32: above the level's price limit.
insert into hit
select
    'R32', $member, encounter_id, item_code || '@' || charged_on, charge_id, charged_on,
    cast((unit_price - price_limit) * quantity as decimal(18, 2))
from watched
inner join visit using (encounter_id)
inner join month on coalesce(visit.case_period, visit.period) = month.period
inner join risk_rule_parameters as bound
    on bound.rule_code = 'R32' and bound.parameter = 'tolerance'
    and month.last_day >= bound.valid_from and month.last_day <= coalesce(bound.valid_to, month.last_day)
where unit_price > price_limit + bound.value;

-- R30: what may not be charged beside another item in a window: listed pairs, and items of one exclusive group in a day.
insert into hit
with paired as (
    select
        sub.encounter_id, sub.charge_id, sub.charged_on, sub.item_code, sub.amount, main.item_code as main_item, pairs.is_grade_conflict
    from watched as sub
    inner join pairs
        on sub.item_code = pairs.with_item_code and pairs.relation in ('duplicate', 'exclusive')
        and sub.charged_on >= pairs.valid_from and sub.charged_on <= coalesce(pairs.valid_to, sub.charged_on)
    inner join watched as main
        on main.patient_id = sub.patient_id and main.item_code = pairs.item_code and main.charge_id <> sub.charge_id
        and case
            when pairs.time_window = 'visit' then sub.encounter_id = main.encounter_id
            when pairs.time_window = 'day' then sub.charged_on = main.charged_on
            when pairs.time_window = 'hour' then abs(sub.minute - main.minute) < 60
            when pairs.time_window = '6h' then abs(sub.minute - main.minute) < 360
            else abs(date_diff('day', sub.charged_on, main.charged_on)) < cast(substr(pairs.time_window, 6) as integer)
        end
    where sub.is_paired and main.is_paired
    qualify row_number() over (partition by pairs.relation, sub.charge_id order by main.charged_at, main.charge_id) = 1
),
listed as (select * from paired where not is_grade_conflict),
grouped as (
    select
        encounter_id, charge_id, charged_on, item_code, amount,
        first_value(item_code) over (
            partition by encounter_id, exclusive_group, charged_on order by unit_price desc, item_code
        ) as main_item
    from watched
    where exclusive_group is not null and charge_class not in ('bed', 'nursing')
),
found as (
    select encounter_id, charge_id, charged_on, item_code, amount, main_item from listed
    union all
    select grouped.* from grouped anti join listed on grouped.charge_id = listed.charge_id where item_code <> main_item
)
select 'R30', $member, encounter_id, main_item || '+' || item_code || '@' || charged_on, charge_id, charged_on, amount from found;
