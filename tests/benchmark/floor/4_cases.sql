-- Of some members ($members, as many as fit in memory): their cases' cost (domain 1.10) and their charge lines' findings.
-- Lines meet their encounter once, on text; from there on they carry its number.
create or replace temp table visit_of as
select
    member_id, encounter_id, patient_id, encounter_type, dept_code, started_at, ended_at, case_period, period, los_days
from encounter
where member_id in ($members);

create or replace temp table line as
select
    visit.rowid as visit_no, charge.member_id, hash(visit.patient_id) as patient_hash, strftime(charge.charged_at, '%Y-%m') as period,
    charge.charge_id, charge.charged_at, charge.item_code, charge.charge_class, charge.quantity, charge.unit_price, charge.amount,
    case
        when charge.charge_class = 'drug' then 'DRUG'
        when charge.charge_class in ('consumable', 'high_value_consumable') then 'MATERIAL'
        else charge.executing_dept
    end as pool
from charge
inner join visit_of as visit on charge.member_id = visit.member_id and charge.encounter_id = visit.encounter_id
where charge.member_id in ($members);

create or replace temp table weight as
select
    line.visit_no, line.member_id, line.period, line.pool,
    cast(sum(cast(amount * 100 as bigint)) as bigint) as fen,
    cast(coalesce(sum(cast(quantity * 10000 as bigint) * equivalent), 0) as bigint) as points,
    cast(0 as bigint) as days
from line
left join item_equivalent on line.period = item_equivalent.period and line.item_code = item_equivalent.item_code
group by all;

-- Pools without charges go by nights where the member delivers them, else by the days of their department's encounters.
insert into weight
with pools as (select member_id, period, pool from pool where member_id in ($members) and kind = 'day'),
nights as (
    select member_id, encounter_id, strftime(census_date, '%Y-%m') as period, dept_code as pool, count(distinct census_date) as days
    from bed_days
    where member_id in ($members) and dept_code is not null
    group by all
),
counted as (
    select nights.*
    from nights
    semi join pools on nights.member_id = pools.member_id and nights.period = pools.period and nights.pool = pools.pool
)
select visit.rowid, counted.member_id, counted.period, counted.pool, 0, 0, counted.days
from counted
inner join visit_of as visit on counted.member_id = visit.member_id and counted.encounter_id = visit.encounter_id
union all
select
    visit.rowid, pools.member_id, pools.period, pools.pool, 0, 0,
    case
        when visit.encounter_type <> 'inpatient' then 1
        else greatest(date_diff(
            'day', greatest(cast(visit.started_at as date), month.first_day),
            least(cast(coalesce(visit.ended_at, month.last_day + 1) as date), month.last_day + 1)
        ), 1)
    end
from pools
anti join counted on pools.member_id = counted.member_id and pools.period = counted.period and pools.pool = counted.pool
inner join month on pools.period = month.period
inner join visit_of as visit
    on pools.member_id = visit.member_id
    and pools.pool = visit.dept_code
    and strftime(visit.started_at, '%Y-%m') <= pools.period
    and (
        visit.case_period = pools.period
        or visit.encounter_type = 'inpatient' and coalesce(visit.case_period, pools.period) >= pools.period
    );

insert into case_base
with pools as (
    select pool.*, coalesce(pool.weight_total, days.days) as whole
    from pool
    left join (select member_id, period, pool, cast(sum(days) as bigint) as days from weight group by all) as days
        on pool.member_id = days.member_id and pool.period = days.period and pool.pool = days.pool
    where pool.member_id in ($members) and pool.kind is not null
),
shares as (
    select
        weight.visit_no, weight.period, weight.fen,
        case pools.kind when 'equivalent' then weight.points when 'charge' then weight.fen else weight.days end as w,
        case when pools.drug <> 0 then coalesce(part(pools.drug, w, pools.whole), 0) else 0 end as drug_,
        case when pools.consumable <> 0 then coalesce(part(pools.consumable, w, pools.whole), 0) else 0 end as consumable_,
        case when pools.labour <> 0 then coalesce(part(pools.labour, w, pools.whole), 0) else 0 end as labour_,
        case when pools.depreciation <> 0 then coalesce(part(pools.depreciation, w, pools.whole), 0) else 0 end as depreciation_,
        case when pools.other <> 0 then coalesce(part(pools.other, w, pools.whole), 0) else 0 end as other_,
        case when pools.indirect <> 0 then coalesce(part(pools.indirect, w, pools.whole), 0) else 0 end as indirect_,
        case when pools.kind = 'equivalent' then part(pools.total, weight.fen, pools.revenue) end as by_charge
    from weight
    left join pools on weight.member_id = pools.member_id and weight.period = pools.period and weight.pool = pools.pool
),
shared as (
    select *, drug_ + consumable_ + labour_ + depreciation_ + other_ + indirect_ as total_ from shares
),
whole as (
    select
        visit_no, sum(fen) as charge, sum(drug_) as drug, sum(consumable_) as consumable, sum(labour_) as labour,
        sum(depreciation_) as depreciation, sum(other_) as other, sum(indirect_) as indirect, sum(total_) as total,
        sum(coalesce(by_charge, total_)) as ratio_check,
        sum(case when shared.period = visit.case_period then total_ else 0 end) as this_month
    from shared
    inner join visit_of as visit on shared.visit_no = visit.rowid
    group by visit_no
)
select
    visit.case_period, visit.member_id, visit.encounter_id, visit.encounter_type, visit.dept_code, visit.los_days,
    whole.* exclude (visit_no), method.method
from whole
inner join visit_of as visit on whole.visit_no = visit.rowid and visit.case_period is not null
inner join method on visit.case_period = method.period and visit.member_id = method.member_id;

-- The n-th refund of an encounter, item, price and quantity takes back the n-th latest charge before the last refund.
create or replace temp table refunded as
with refund as (
    select visit_no, item_code, unit_price, abs(quantity) as quantity, count(*) as refunds, max(charged_at) as last_at
    from line where quantity < 0 group by all
)
select no
from (
    select
        line.rowid as no, refund.refunds,
        row_number() over (same order by line.charged_at desc, line.charge_id desc) as place,
        sum(case when line.quantity > 0 then 1 else 0 end) over (
            partition by line.visit_no, line.item_code, line.unit_price, abs(line.quantity)
        ) as charges
    from line
    inner join refund
        on line.visit_no = refund.visit_no and line.item_code = refund.item_code
        and line.unit_price = refund.unit_price and abs(line.quantity) = refund.quantity
        and (line.quantity < 0 or line.charged_at <= refund.last_at)
    window same as (partition by line.visit_no, line.item_code, line.unit_price, line.quantity)
)
where place <= least(refunds, charges);

-- R31: beyond an item's daily maximum for one person; days on a 64-bit hash first, then exactly; the latest lines are the excess.
insert into hit
with limited as (
    select
        line.visit_no, line.member_id, charge_id, line.item_code, cast(charged_at as date) as charged_on, charged_at, quantity, unit_price,
        watch.day_limit, hash(line.member_id, patient_hash, line.item_code, cast(charged_at as date)) as h
    from line
    inner join watch
        on line.item_code = watch.item_code and watch.day_limit is not null and not watch.is_hourly
        and cast(charged_at as date) >= watch.valid_from
        and cast(charged_at as date) <= coalesce(watch.valid_to, cast(charged_at as date))
    anti join refunded on line.rowid = refunded.no
),
crowded as (
    select h from limited group by h having sum(quantity) > min(day_limit)
),
running as (
    select
        limited.*, visit.encounter_id,
        sum(quantity) over (partition by limited.member_id, patient_id, item_code, charged_on) as whole_day,
        coalesce(sum(case when quantity > 0 then quantity end) over (
            partition by limited.member_id, patient_id, item_code, charged_on order by charged_at desc, charge_id desc
            rows between unbounded preceding and 1 preceding
        ), 0) as later
    from limited
    semi join crowded on limited.h = crowded.h
    inner join visit_of as visit on limited.visit_no = visit.rowid
)
select
    'R31', member_id, encounter_id, item_code || '@' || charged_on, charge_id, charged_on,
    cast(cast(least(quantity, whole_day - day_limit - later) as decimal(18, 4)) * unit_price as decimal(18, 2))
from running
where quantity > 0 and whole_day > day_limit and later < whole_day - day_limit;

-- Two steps: DuckDB 2.0 fails on the whole in one ("dict-surviving join", its issue 24807).
create or replace temp table priced as
select line.*, watch_of.is_paired, watch_of.exclusive_group, watch_of.price_limit
from line
inner join watch_of
    on line.member_id = watch_of.member_id
    and line.item_code = watch_of.item_code
    and cast(charged_at as date) >= watch_of.valid_from
    and cast(charged_at as date) <= coalesce(watch_of.valid_to, cast(charged_at as date))
    and (watch_of.is_paired or watch_of.exclusive_group is not null or line.unit_price > watch_of.price_limit)
anti join refunded on line.rowid = refunded.no
where line.quantity > 0;

create or replace temp table watched as
select
    priced.*, visit.encounter_id, visit.patient_id, coalesce(visit.case_period, visit.period) as found_in,
    cast(charged_at as date) as charged_on, epoch_ms(charged_at) // 60000 as minute
from priced
inner join visit_of as visit on priced.visit_no = visit.rowid;

-- R32: above the level's price limit (its tolerance is 0).
insert into hit
select
    'R32', member_id, encounter_id, item_code || '@' || charged_on, charge_id, charged_on,
    cast((unit_price - price_limit) * quantity as decimal(18, 2))
from watched
inner join month on watched.found_in = month.period
where unit_price > price_limit;

-- R30: what may not be charged beside another item in a window: listed pairs, and items of one exclusive group in a day.
insert into hit
with paired as (
    select
        sub.member_id, sub.encounter_id, sub.charge_id, sub.charged_on, sub.item_code, sub.amount, main.item_code as main_item,
        pairs.is_grade_conflict
    from watched as sub
    inner join pairs
        on sub.item_code = pairs.with_item_code and pairs.relation in ('duplicate', 'exclusive')
        and sub.charged_on >= pairs.valid_from and sub.charged_on <= coalesce(pairs.valid_to, sub.charged_on)
    inner join watched as main
        on main.member_id = sub.member_id and main.patient_id = sub.patient_id
        and main.item_code = pairs.item_code and main.charge_id <> sub.charge_id
        and case
            when pairs.time_window = 'visit' then sub.visit_no = main.visit_no
            when pairs.time_window = 'day' then sub.charged_on = main.charged_on
            when pairs.time_window = 'hour' then abs(sub.minute - main.minute) < 60
            when pairs.time_window = '6h' then abs(sub.minute - main.minute) < 360
            else abs(date_diff('day', sub.charged_on, main.charged_on)) < cast(substr(pairs.time_window, 6) as integer)
        end
    where sub.is_paired and main.is_paired
    qualify row_number() over (
        partition by pairs.relation, sub.member_id, sub.charge_id order by main.charged_at, main.charge_id
    ) = 1
),
listed as (select * exclude (is_grade_conflict) from paired where not is_grade_conflict),
grouped as (
    select
        member_id, encounter_id, charge_id, charged_on, item_code, amount,
        first_value(item_code) over (partition by visit_no, exclusive_group, charged_on order by unit_price desc, item_code) as main_item
    from watched
    where exclusive_group is not null and charge_class not in ('bed', 'nursing')
),
found as (
    from listed
    union all
    select grouped.*
    from grouped
    anti join listed on grouped.member_id = listed.member_id and grouped.charge_id = listed.charge_id
    where item_code <> main_item
)
select 'R30', member_id, encounter_id, main_item || '+' || item_code || '@' || charged_on, charge_id, charged_on, amount from found;
