-- One row per period, member and clinical department with visits or bed days: its full cost and the drugs and charged materials
-- in it, by cost scope, its volumes, and how it is split between outpatients and inpatients, in fen (domain 1.7).
-- Visits are outpatient and emergency, bed days the sum of the nightly census. A department with both is split by what its
-- outpatients and inpatients were charged; without charges the split is empty.
{%- set scopes = ['medical', 'medical_full', 'hospital_full'] %}
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
        period,
        member_id,
        dept_code,
        sum(case when is_inpatient then charge_fen else 0 end) as inpatient_fen,
        sum(charge_fen) as charge_fen
    from {{ ref('int_cost__month_total') }}
    where dept_code is not null
    group by period, member_id, dept_code
)

select
    costs.period,
    costs.member_id,
    costs.dept_code,
    costs.dept_name,
    cast(volumes.visits as bigint) as visits,
    cast(volumes.bed_days as bigint) as bed_days,
    {% for scope in scopes -%}
    cast(costs.{{ scope }}_full_fen as bigint) as {{ scope }}_full_fen,
    cast(costs.{{ scope }}_drug_fen + coalesce(own.charged_fen, 0) + coalesce(received.charged_fen, 0) as bigint)
        as {{ scope }}_material_fen,
    {% endfor -%}
    volumes.visits > 0 and volumes.bed_days > 0 as is_split,
    cast(case when volumes.visits > 0 and volumes.bed_days > 0 then charges.inpatient_fen when volumes.bed_days > 0 then 1 else 0 end
        as bigint) as inpatient_part,
    cast(case when volumes.visits > 0 and volumes.bed_days > 0 then charges.charge_fen else 1 end as bigint) as whole
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
where volumes.visits > 0 or volumes.bed_days > 0
