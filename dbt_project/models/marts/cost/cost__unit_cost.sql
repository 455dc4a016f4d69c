-- One row per period, member, clinical department and unit: cost of a visit (诊次成本) and of an occupied bed day
-- (实际占用床日成本), domain 1.7, in the scopes 医疗成本, 医疗全成本 and 医院全成本, each with and without drugs and what is charged
-- by itself. Visits are outpatient and emergency, bed days the sum of the nightly census.
-- A department with both is split by what its outpatients and inpatients were charged; without charges it has no unit cost.
{%- set scopes = ['medical', 'medical_full', 'hospital_full'] %}
{%- set kinds = ['full', 'material'] %}
with received_materials as (
    -- A technical department's charged consumables reach the clinical ones in the proportion in which all its consumables do.
    select
        flows.period,
        flows.member_id,
        flows.to_dept as dept_code,
        sum({{ share_of('flows.amount_fen', 'charged.charged_fen', '(senders.full_fen - senders.external_fen)') }}) as charged_fen
    from {{ ref('int_cost__allocation') }} as flows
    inner join {{ ref('int_cost__charged_material') }} as charged
        on flows.period = charged.period
        and flows.member_id = charged.member_id
        and flows.from_dept = charged.dept_code
    inner join {{ ref('int_cost__department_cost') }} as senders
        on flows.period = senders.period
        and flows.member_id = senders.member_id
        and flows.from_dept = senders.dept_code
        and flows.cost_layer = senders.cost_layer
        and flows.cost_element = senders.cost_element
    where flows.step = 3 and flows.cost_layer = 'medical' and flows.cost_element = 'consumable'
    group by flows.period, flows.member_id, flows.to_dept
),

full_costs as (
    select
        costs.period,
        costs.member_id,
        costs.dept_code,
        departments.dept_name,
        {% for scope in scopes -%}
        {%- set layers = "'" ~ scopes[:loop.index] | join("', '") ~ "'" -%}
        sum(case when costs.cost_layer in ({{ layers }}) then costs.full_fen else 0 end) as {{ scope }}_full_fen,
        sum(case when costs.cost_layer in ({{ layers }}) and costs.cost_element = 'drug' then costs.full_fen else 0 end)
            as {{ scope }}_drug_fen{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_cost__department_cost') }} as costs
    inner join {{ ref('int_cost__department') }} as departments
        on costs.period = departments.period
        and costs.member_id = departments.member_id
        and costs.dept_code = departments.dept_code
        and departments.dept_class = 'clinical'
    group by costs.period, costs.member_id, costs.dept_code, departments.dept_name
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
        costs.dept_name,
        volumes.visits,
        volumes.bed_days,
        {% for scope in scopes -%}
        costs.{{ scope }}_full_fen,
        costs.{{ scope }}_drug_fen + coalesce(own.charged_fen, 0) + coalesce(received.charged_fen, 0) as {{ scope }}_material_fen,
        {% endfor -%}
        case when volumes.visits > 0 and volumes.bed_days > 0 then charges.inpatient_fen else 1 end as inpatient_part,
        case when volumes.visits > 0 and volumes.bed_days > 0 then charges.charge_fen - charges.inpatient_fen else 1 end
            as outpatient_part,
        case when volumes.visits > 0 and volumes.bed_days > 0 then charges.charge_fen else 1 end as whole
    from full_costs as costs
    inner join volumes
        on costs.period = volumes.period
        and costs.member_id = volumes.member_id
        and costs.dept_code = volumes.dept_code
    left join {{ ref('int_cost__charged_material') }} as own
        on costs.period = own.period
        and costs.member_id = own.member_id
        and costs.dept_code = own.dept_code
    left join received_materials as received
        on costs.period = received.period
        and costs.member_id = received.member_id
        and costs.dept_code = received.dept_code
    left join charges
        on costs.period = charges.period
        and costs.member_id = charges.member_id
        and costs.dept_code = charges.dept_code
),

units as (
    {% for unit, volume, part in [('visit', 'visits', 'outpatient_part'), ('bed_day', 'bed_days', 'inpatient_part')] -%}
    select
        period,
        member_id,
        dept_code,
        dept_name,
        '{{ unit }}' as unit,
        {{ volume }} as volume,
        {% for scope in scopes -%}
        {% for kind in kinds -%}
        {{ share_of(scope ~ '_' ~ kind ~ '_fen', part, 'whole') }} as {{ scope }}_{{ kind }}_fen,
        {% endfor -%}
        {% endfor -%}
        whole <> 1 as is_split
    from split
    where {{ volume }} > 0
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    units.period,
    units.member_id,
    members.name as member_name,
    units.dept_code,
    units.dept_name,
    units.unit,
    case units.unit when 'visit' then '诊次' else '床日' end as unit_name,
    cast(units.volume as bigint) as volume,
    units.is_split,
    {% for scope in scopes -%}
    {%- set prefix = '' if scope == 'medical' else scope ~ '_' -%}
    {{ from_fen('units.' ~ scope ~ '_full_fen') }} as {{ prefix }}total_cost,
    {{ money_per(from_fen('units.' ~ scope ~ '_full_fen'), 'units.volume') }} as {{ prefix }}unit_cost,
    {{ money_per(from_fen('units.' ~ scope ~ '_full_fen - units.' ~ scope ~ '_material_fen'), 'units.volume') }}
        as {{ prefix }}unit_cost_without_materials,
    {{ money_per(
        from_fen('sum(units.' ~ scope ~ '_full_fen) over (partition by units.period, units.member_id, units.unit)'),
        'sum(units.volume) over (partition by units.period, units.member_id, units.unit)'
    ) }} as {{ prefix }}member_unit_cost{{ ',' if not loop.last }}
    {% endfor %}
from units
left join {{ ref('core__member') }} as members on units.member_id = members.member_id
