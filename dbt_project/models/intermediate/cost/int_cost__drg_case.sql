-- One row per period, member and closed case with a DRG: its cost beside its standard, and the same top-down (domain 1.10): its drugs
-- and charged materials, and its nights in the department at that month's rate of a bed day, in fen.
with by_day as (
    select
        cases.member_id,
        cases.encounter_id,
        cases.charged_goods_fen + {{ share_of(
            '(units.medical_full_fen - units.medical_material_fen)',
            '(units.inpatient_part * ' ~ wide('cases.los_days') ~ ')',
            '(units.whole * ' ~ wide('units.bed_days') ~ ')'
        ) }} as by_day_fen
    from {{ ref('int_cost__case') }} as cases
    inner join {{ ref('int_cost__clinical_unit') }} as units
        on cases.period = units.period
        and cases.member_id = units.member_id
        and cases.dept_code = units.dept_code
        and units.bed_days > 0
    where cases.los_days is not null
)

select
    costs.period,
    costs.member_id,
    costs.member_name,
    costs.encounter_id,
    costs.drg_code,
    costs.drg_name,
    costs.los_days,
    {% for part in ['drug', 'consumable', 'labour', 'depreciation', 'other', 'indirect', 'total_cost', 'risk', 'charge', 'payment'] -%}
    costs.{{ part }},
    {% endfor -%}
    costs.ratio_check_cost,
    {{ to_fen('costs.total_cost') }} as total_fen,
    by_day.by_day_fen,
    members.level,
    payments.standard
from {{ ref('cost__case_cost') }} as costs
left join by_day
    on costs.member_id = by_day.member_id
    and costs.encounter_id = by_day.encounter_id
inner join {{ ref('int_payment__case') }} as payments
    on costs.member_id = payments.member_id
    and costs.encounter_id = payments.encounter_id
inner join {{ ref('members') }} as members on costs.member_id = members.member_id
where costs.drg_code is not null
