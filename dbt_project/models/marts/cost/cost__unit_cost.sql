-- One row per period, member, clinical department and unit: cost of a visit (诊次成本) and of an occupied bed day
-- (实际占用床日成本), domain 1.7. Visits are outpatient and emergency, bed days the sum of the nightly census.
-- A department with both is split by what its outpatients and inpatients were charged; without charges it has no unit cost.
with costs as (
    select
        period,
        member_id,
        dept_code,
        sum(full_amount) as full_amount,
        sum(case when cost_element in ('drug', 'consumable') then full_amount else 0 end) as material_amount
    from {{ ref('cost__department_cost') }}
    where dept_class = 'clinical'
    group by period, member_id, dept_code
),

volumes as (
    select
        period,
        member_id,
        receiver as dept_code,
        {{ share_of("sum(case when driver = 'visits' then quantity else 0 end)", '1', '10000') }} as visits,
        {{ share_of("sum(case when driver = 'bed_days' then quantity else 0 end)", '1', '10000') }} as bed_days
    from {{ ref('int_cost__driver_quantity') }}
    where driver in ('visits', 'bed_days')
    group by period, member_id, receiver
),

charges as (
    select
        months.period,
        months.member_id,
        encounters.dept_code,
        sum(case when encounters.encounter_type in ('inpatient', 'day_surgery') then months.charge_fen else 0 end) as inpatient_fen,
        sum(months.charge_fen) as charge_fen
    from {{ ref('int_cost__case_month') }} as months
    inner join {{ ref('int_core__encounter') }} as encounters
        on months.member_id = encounters.member_id
        and months.encounter_id = encounters.encounter_id
    group by months.period, months.member_id, encounters.dept_code
),

split as (
    select
        costs.period,
        costs.member_id,
        costs.dept_code,
        volumes.visits,
        volumes.bed_days,
        {{ to_fen('costs.full_amount') }} as full_fen,
        {{ to_fen('costs.material_amount') }} as material_fen,
        case when volumes.visits > 0 and volumes.bed_days > 0 then charges.inpatient_fen else 1 end as inpatient_part,
        case when volumes.visits > 0 and volumes.bed_days > 0 then charges.charge_fen - charges.inpatient_fen else 1 end
            as outpatient_part,
        case when volumes.visits > 0 and volumes.bed_days > 0 then charges.charge_fen else 1 end as whole
    from costs
    inner join volumes
        on costs.period = volumes.period
        and costs.member_id = volumes.member_id
        and costs.dept_code = volumes.dept_code
    left join charges
        on costs.period = charges.period
        and costs.member_id = charges.member_id
        and costs.dept_code = charges.dept_code
),

units as (
    select
        period,
        member_id,
        dept_code,
        'visit' as unit,
        visits as volume,
        {{ share_of('full_fen', 'outpatient_part', 'whole') }} as cost_fen,
        {{ share_of('material_fen', 'outpatient_part', 'whole') }} as material_fen
    from split
    where visits > 0
    union all
    select
        period,
        member_id,
        dept_code,
        'bed_day',
        bed_days,
        {{ share_of('full_fen', 'inpatient_part', 'whole') }},
        {{ share_of('material_fen', 'inpatient_part', 'whole') }}
    from split
    where bed_days > 0
)

select
    units.period,
    units.member_id,
    members.name as member_name,
    units.dept_code,
    departments.dept_name,
    units.unit,
    cast(units.volume as bigint) as volume,
    {{ from_fen('units.cost_fen') }} as total_cost,
    {{ money_per(from_fen('units.cost_fen'), 'units.volume') }} as unit_cost,
    {{ money_per(from_fen('units.cost_fen - units.material_fen'), 'units.volume') }} as unit_cost_without_materials,
    {{ money_per(
        from_fen('sum(units.cost_fen) over (partition by units.period, units.member_id, units.unit)'),
        'sum(units.volume) over (partition by units.period, units.member_id, units.unit)'
    ) }} as member_unit_cost
from units
left join {{ ref('core__member') }} as members on units.member_id = members.member_id
left join {{ ref('core__department') }} as departments
    on units.period = departments.period
    and units.member_id = departments.member_id
    and units.dept_code = departments.dept_code
