-- One row per period, member, clinical department and unit: what a visit or bed day brings and costs more, and how many of them
-- carry the department (保本点, domain 1.12). Income: what the department's patients were charged in the month. Variable: the share
-- of each cost element that the policy says moves with volume. Full cost after the three-level step-down, scope 医疗成本.
{%- set elements = ['labour', 'consumable', 'drug', 'depreciation', 'amortisation', 'risk_fund', 'other'] %}
{%- set parameters = [] %}
{%- for element in elements %}
{%- do parameters.append('variable_cost_share_' ~ element) %}
{%- endfor %}
with shares as (
    select
        costs.*,
        case costs.cost_element
            {% for element in elements -%}
            when '{{ element }}' then policy.variable_cost_share_{{ element }}
            {% endfor -%}
        end as variable_share
    from {{ ref('int_cost__department_cost') }} as costs
    inner join {{ policy_in_force(parameters) }} as policy
        on costs.period = policy.period
        and costs.member_id = policy.member_id
    where costs.cost_layer = 'medical'
),

variable_costs as (
    select
        period,
        member_id,
        dept_code,
        cast(sum({{ share_of('full_fen', 'cast(variable_share * 1000000 as bigint)', '1000000') }}) as bigint) as variable_fen
    from shares
    group by period, member_id, dept_code
),

incomes as (
    select period, member_id, dept_code, is_inpatient, sum(charge_fen) as income_fen
    from {{ ref('int_cost__month_total') }}
    where dept_code is not null
    group by period, member_id, dept_code, is_inpatient
),

units as (
    {% for unit, volume, part in service_units() -%}
    select
        units.period,
        units.member_id,
        units.dept_code,
        units.dept_name,
        '{{ unit }}' as unit,
        units.{{ volume }} as volume,
        incomes.income_fen,
        {{ share_of('units.medical_full_fen', part, 'units.whole') }} as full_fen,
        {{ share_of('variable_costs.variable_fen', part, 'units.whole') }} as variable_fen
    from {{ ref('int_cost__clinical_unit') }} as units
    inner join variable_costs
        on units.period = variable_costs.period
        and units.member_id = variable_costs.member_id
        and units.dept_code = variable_costs.dept_code
    inner join incomes
        on units.period = incomes.period
        and units.member_id = incomes.member_id
        and units.dept_code = incomes.dept_code
        and incomes.is_inpatient = {{ 'true' if unit == 'bed_day' else 'false' }}
    where units.{{ volume }} > 0
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

weighed as (
    select
        *,
        full_fen - variable_fen as fixed_fen,
        income_fen - variable_fen as contribution_fen,
        {{ share_of('(full_fen - variable_fen)', 'volume', '(income_fen - variable_fen)') }} as needed
    from units
    where full_fen is not null
)

select
    weighed.period,
    weighed.member_id,
    members.name as member_name,
    weighed.dept_code,
    weighed.dept_name,
    weighed.unit,
    case weighed.unit when 'visit' then '诊次' else '床日' end as unit_name,
    weighed.volume,
    {{ from_fen('weighed.income_fen') }} as income,
    {{ from_fen('weighed.variable_fen') }} as variable_cost,
    {{ from_fen('weighed.contribution_fen') }} as contribution_margin,
    {{ from_fen('weighed.fixed_fen') }} as fixed_cost,
    {{ from_fen('weighed.contribution_fen - weighed.fixed_fen') }} as surplus,
    {{ money_per(from_fen('weighed.income_fen'), 'weighed.volume') }} as income_per_unit,
    {{ money_per(from_fen('weighed.variable_fen'), 'weighed.volume') }} as variable_cost_per_unit,
    {{ ratio(from_fen('weighed.contribution_fen'), from_fen('weighed.income_fen')) }} as contribution_rate,
    case when weighed.contribution_fen > 0 then weighed.needed + case
        when weighed.needed * cast(weighed.contribution_fen as decimal(19, 0)) < weighed.fixed_fen * cast(weighed.volume as decimal(19, 0)) then 1
        else 0
    end end as break_even_volume,
    case
        when weighed.contribution_fen <= 0 then 'never'
        when weighed.contribution_fen >= weighed.fixed_fen then 'above'
        else 'below'
    end as status
from weighed
left join {{ ref('core__member') }} as members on weighed.member_id = members.member_id
