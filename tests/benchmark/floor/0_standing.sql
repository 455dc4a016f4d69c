-- Reference data as the findings ask for it, and which rows of a thing delivered twice stand.
create temp view pairs as
with bundles as (
    select trim(unnest(string_split(included_in_item, '|'))) as item_code, item_code as with_item_code, valid_from, valid_to
    from items where included_in_item is not null
),
listed as (
    select item_code, with_item_code, relation, "window" as time_window, valid_from, valid_to from item_pairs
    union all
    select item_code, with_item_code, 'included', 'day', valid_from, valid_to from bundles
)
select listed.*, coalesce(
    main.mutually_exclusive_group = sub.mutually_exclusive_group and main.charge_class in ('bed', 'nursing'), false
) as is_grade_conflict
from listed
left join items as main
    on listed.item_code = main.item_code
    and listed.valid_from between main.valid_from and coalesce(main.valid_to, listed.valid_from)
left join items as sub
    on listed.with_item_code = sub.item_code
    and listed.valid_from between sub.valid_from and coalesce(sub.valid_to, listed.valid_from);

create temp table watch as
select
    item_code, valid_from, valid_to, max_price_tertiary, max_price_secondary, max_price_primary,
    least(max_per_day, case when limit_window = 'day' then limit_quantity end) as day_limit,
    coalesce(is_hourly, false) as is_hourly,
    item_code in (select item_code from pairs union all select with_item_code from pairs) as is_paired,
    case when count(*) over (partition by mutually_exclusive_group) > 1 then mutually_exclusive_group end as exclusive_group
from items;

create temp table watch_of as
select members.member_id, watch.*, case level
    when 'tertiary' then max_price_tertiary when 'secondary' then max_price_secondary else max_price_primary
end as price_limit
from watch cross join members;

create temp table repeated_encounter as
with twice as (select hash(member_id, encounter_id) as h from encounters group by h having count(*) > 1)
select member_id, encounter_id, max(period) as last_period
from encounters
where hash(member_id, encounter_id) in (select h from twice)
group by all
having count(*) > 1;

create temp table repeated_charge as
with astray as (
    select member_id, period from charge_lines group by all
    having strftime(min(charged_at), '%Y-%m') <> period or strftime(max(charged_at), '%Y-%m') <> period
),
stray as (
    select distinct member_id, charge_id
    from charge_lines
    where (member_id, period) in (select (member_id, period) from astray) and strftime(charged_at, '%Y-%m') <> period
)
select member_id, charge_id, max(period) as last_period
from charge_lines
semi join stray using (member_id, charge_id)
group by all
having count(*) > 1;

create temp table hit (
    rule_code varchar, member_id varchar, encounter_id varchar, subject varchar, charge_id varchar, evidence_on date,
    amount_at_risk decimal(18, 2)
);
