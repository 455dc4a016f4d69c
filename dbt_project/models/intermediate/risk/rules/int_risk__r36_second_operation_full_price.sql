-- One row per further operation of one stay and day in the group of operations through one incision, charged above its share of the
-- price list (R36). The dearest of the day is the main one; without a price limit for the level nothing can be said.
with operations as (
    select
        watched.*,
        cases.period,
        groups.operation_group
    from {{ ref('int_risk__watched_line') }} as watched
    inner join {{ ref('int_risk__case') }} as cases
        on watched.member_id = cases.member_id and watched.encounter_id = cases.encounter_id
    inner join (
        select distinct item_code, operation_group from {{ ref('int_risk__listed_item') }}
        where operation_group is not null
    ) as groups on watched.item_code = groups.item_code
    where watched.is_grouped_operation
),

ranked as (
    select
        *,
        row_number() over dearest_first as place,
        first_value(item_name) over dearest_first as main_item_name
    from operations
    window dearest_first as (
        partition by member_id, encounter_id, charged_on, operation_group
        order by coalesce(price_limit, unit_price) desc, unit_price desc, charge_id
    )
),

-- A line of several groups is one hit.
further as (
    select
        *,
        row_number() over (partition by member_id, charge_id order by operation_group) as choice
    from ranked
    where place > 1
),

bounds as (
    select * from {{ rule_parameters('R36', ['second_share']) }}
)

select
    'R36' as rule_code,
    further.member_id,
    further.encounter_id,
    further.item_code || '@' || cast(further.charged_on as varchar) as subject,
    further.charge_id,
    further.charged_on as evidence_on,
    {{ money('(further.unit_price - further.price_limit * bounds.second_share) * further.quantity') }} as amount_at_risk,
    true as is_certain,
    '手术' || further.item_name || '(' || further.item_code || ')与' || further.main_item_name || '同属' || further.operation_group
    || ',于' || cast(further.charged_on as varchar) || '同一切口同日进行,第二及以后手术单价' || {{ plain('further.unit_price') }}
    || '元,未按规定折价(最高限价' || {{ plain('further.price_limit') }} || '元的' || {{ plain('bounds.second_share * 100') }} || '%)' as evidence
from further
inner join bounds on further.period = bounds.period
where further.choice = 1
    and further.unit_price > further.price_limit * bounds.second_share
