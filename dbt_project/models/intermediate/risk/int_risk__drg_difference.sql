-- One row per stay settled by DRG and variant of it that the grouper grouped, beside what was billed. The payment of a group is in
-- proportion to its weight; the difference is empty where either group has no weight in the consortium's list.
with groups as (
    select drg_code, drg_name, adrg, weight, valid_from, valid_to from {{ ref('drg') }}
),

compared as (
    select
        cases.period,
        cases.member_id,
        cases.encounter_id,
        cases.dept_code,
        cases.doctor_id,
        cases.ended_on,
        regrouped.variant,
        regrouped.principal,
        cases.drg_code,
        cases.adrg,
        cases.weight,
        cases.payment,
        cases.is_cheap,
        regrouped.mdc_code as grouped_mdc,
        regrouped.adrg_code as grouped_adrg,
        regrouped.drg_code as grouped_drg,
        regrouped.drg_name as grouped_drg_name,
        regrouped.complication,
        regrouped.reason,
        groups.weight as grouped_weight
    from {{ ref('int_risk__grouper_case') }} as cases
    inner join {{ ref('int_risk__regrouped') }} as regrouped
        on cases.member_id = regrouped.member_id and cases.encounter_id = regrouped.encounter_id
    left join groups
        on regrouped.drg_code = groups.drg_code
        and cases.ended_on >= groups.valid_from
        and cases.ended_on <= coalesce(groups.valid_to, cases.ended_on)
)

select
    *,
    {{ money_per('payment * (weight - grouped_weight)', 'weight') }} as payment_difference
from compared
