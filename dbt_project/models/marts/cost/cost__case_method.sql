-- One row per period, member and way of costing cases: what inpatients cost by it (domain 1.10). The member's cases go by the
-- published one; the others show how far it could lie off.
-- Per way: department_cost = outpatient_cases + inpatient_cost + rounding; inpatient_cost = inpatient_cases + unmatched, to the fen.
-- top_down: drugs and charged materials per patient, the clinical departments' full cost by bed days and visits.
with totals as (
    select
        period,
        member_id,
        {% for part in ['total', 'ratio_check', 'charged_goods'] -%}
        sum(case when standing <> 'stray' and is_inpatient then {{ part }}_fen else 0 end) as inpatient_{{ part }}_fen,
        sum(case when standing <> 'stray' and not is_inpatient then {{ part }}_fen else 0 end) as outpatient_{{ part }}_fen,
        sum(case when standing = 'stray' then {{ part }}_fen else 0 end) as stray_{{ part }}_fen,
        {% endfor -%}
        sum(case when standing = 'closed' and is_inpatient then cases else 0 end) as discharges
    from {{ ref('int_cost__month_total') }}
    group by period, member_id
),

idle as (
    select period, member_id, sum(total_fen) as idle_fen
    from {{ ref('int_cost__idle_pool') }}
    group by period, member_id
),

departments as (
    select
        costs.period,
        costs.member_id,
        sum(case when departments.dept_class = 'clinical' then costs.full_fen else 0 end) as department_fen
    from {{ ref('int_cost__department_cost') }} as costs
    inner join {{ ref('int_cost__department') }} as departments
        on costs.period = departments.period
        and costs.member_id = departments.member_id
        and costs.dept_code = departments.dept_code
    where costs.cost_layer = 'medical'
    group by costs.period, costs.member_id
),

wards as (
    select
        period,
        member_id,
        sum(medical_full_fen - medical_material_fen) as ward_fen,
        sum({{ share_of('(medical_full_fen - medical_material_fen)', 'inpatient_part', 'whole') }}) as inpatient_fen
    from {{ ref('int_cost__clinical_unit') }}
    where whole > 0
    group by period, member_id
),

base as (
    select
        methods.period,
        methods.member_id,
        methods.method as published_method,
        departments.department_fen,
        coalesce(totals.discharges, 0) as discharges,
        coalesce(idle.idle_fen, 0) as idle_fen,
        {% for kind in ['inpatient', 'outpatient', 'stray'] -%}
        {% for part in ['total', 'ratio_check', 'charged_goods'] -%}
        coalesce(totals.{{ kind }}_{{ part }}_fen, 0) as {{ kind }}_{{ part }}_fen,
        {% endfor -%}
        {% endfor -%}
        coalesce(wards.ward_fen, 0) as ward_fen,
        coalesce(wards.inpatient_fen, 0) as ward_inpatient_fen
    from {{ ref('int_cost__method') }} as methods
    inner join departments
        on methods.period = departments.period
        and methods.member_id = departments.member_id
    left join totals
        on methods.period = totals.period
        and methods.member_id = totals.member_id
    left join idle
        on methods.period = idle.period
        and methods.member_id = idle.member_id
    left join wards
        on methods.period = wards.period
        and methods.member_id = wards.member_id
),

compared as (
    select
        *,
        published_method as method,
        inpatient_total_fen as inpatient_fen,
        outpatient_total_fen as outpatient_fen,
        idle_fen + stray_total_fen as unmatched_fen
    from base
    union all
    select *, 'cost_to_charge', inpatient_ratio_check_fen, outpatient_ratio_check_fen, idle_fen + stray_ratio_check_fen
    from base
    where published_method = 'bottom_up'
    union all
    -- what is left of the departments' cost is of departments without a visit or a bed day, and of goods nobody was charged for
    select
        *,
        'top_down',
        inpatient_charged_goods_fen + ward_inpatient_fen,
        outpatient_charged_goods_fen + ward_fen - ward_inpatient_fen,
        department_fen - inpatient_charged_goods_fen - outpatient_charged_goods_fen - ward_fen
    from base
    where published_method <> 'top_down'
)

select
    compared.period,
    compared.member_id,
    members.name as member_name,
    compared.method,
    {{ case_method_name('compared.method') }} as method_name,
    compared.method = compared.published_method as is_published,
    {{ from_fen('compared.department_fen') }} as department_cost,
    {{ from_fen('compared.outpatient_fen') }} as outpatient_cases,
    {{ from_fen('compared.inpatient_fen + compared.unmatched_fen') }} as inpatient_cost,
    {{ from_fen('compared.inpatient_fen') }} as inpatient_cases,
    {{ from_fen('compared.unmatched_fen') }} as unmatched,
    {{ ratio('compared.unmatched_fen', 'compared.inpatient_fen + compared.unmatched_fen') }} as unmatched_share,
    {{ from_fen('compared.department_fen - compared.outpatient_fen - compared.inpatient_fen - compared.unmatched_fen') }} as rounding,
    cast(compared.discharges as bigint) as discharges,
    {{ money_per(from_fen('compared.inpatient_fen'), 'compared.discharges') }} as cost_per_discharge,
    {{ ratio('compared.inpatient_fen - compared.inpatient_total_fen', 'compared.inpatient_total_fen') }} as deviation_from_published
from compared
left join {{ ref('core__member') }} as members on compared.member_id = members.member_id
