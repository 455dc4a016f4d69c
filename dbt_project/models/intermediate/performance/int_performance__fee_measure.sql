-- One row per period, member, department and fee measure. Fees follow the case (its month, its department): fee per visit, fee per
-- discharge (domain 6.2). Revenue follows the charge (its month, the ordering department): drug share and its like (AMB-17).
with fees as (
    select
        case_period as period,
        member_id,
        encounter_dept_code as dept_code,
        sum(case when encounter_type in ('outpatient', 'emergency') then amount end) as outpatient_fee,
        sum(case when encounter_type in ('outpatient', 'emergency') and charge_class = 'drug' then amount
                 when encounter_type in ('outpatient', 'emergency') then 0 end) as outpatient_drug_fee,
        sum(case when encounter_type = 'inpatient' then amount end) as inpatient_fee
    from {{ ref('int_performance__fee') }}
    where case_period is not null
    group by case_period, member_id, encounter_dept_code
),

revenue as (
    select
        period,
        member_id,
        ordering_dept as dept_code,
        sum(amount) as medical_revenue,
        sum(case when charge_class = 'drug' then amount else 0 end) as drug_revenue,
        sum(case when charge_class in ('consumable', 'high_value_consumable') then amount else 0 end) as consumable_revenue,
        sum(case when charge_class in ('drug', 'consumable', 'high_value_consumable') then amount else 0 end)
            as drug_and_consumable_revenue,
        sum(case
            when charge_class not in ('drug', 'consumable', 'high_value_consumable', 'exam', 'lab') then amount
            else 0
        end) as service_revenue,
        sum(case when encounter_type in ('outpatient', 'emergency') then amount else 0 end) as outpatient_revenue,
        sum(case when encounter_type = 'inpatient' then amount else 0 end) as inpatient_revenue,
        sum(case when in_insurance_catalog then 0 else amount end) as out_of_catalogue_revenue,
        sum(case when charge_class = 'high_value_consumable' then quantity else 0 end) as high_value_consumable_quantity
    from {{ ref('int_performance__fee') }}
    group by period, member_id, ordering_dept
)

{{ long_measures('fees', ['outpatient_fee', 'outpatient_drug_fee', 'inpatient_fee']) }}
union all
{{ long_measures('revenue', [
    'medical_revenue', 'drug_revenue', 'consumable_revenue', 'drug_and_consumable_revenue', 'service_revenue',
    'outpatient_revenue', 'inpatient_revenue', 'out_of_catalogue_revenue', 'high_value_consumable_quantity',
]) }}
