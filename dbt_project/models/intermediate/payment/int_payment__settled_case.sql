-- One row per discharged inpatient case with a settlement that names a DRG in force on the day of discharge, beside its tariff.
-- Tariff (page 2b): a standard set outright wins (S3-DRG-16); else weight x the rate of the member's level (factor 1); else weight x the
-- consortium's rate x the level factor (S3-DRG-15, AMB-43).
{{ config(tags=['foundation']) }}
with cases as (
    select
        encounters.case_period as period,
        encounters.member_id,
        encounters.encounter_id,
        encounters.dept_code,
        encounters.los_days,
        encounters.disposition,
        cast(encounters.ended_at as date) as ended_on,
        members.level,
        members.region_code,
        -- a fiscal year has the number of the calendar year in which it begins
        cast(substr(encounters.case_period, 1, 4) as integer)
        - case when substr(encounters.case_period, 6, 2) < substr(members.fiscal_year_start, 1, 2) then 1 else 0 end
            as fiscal_year
    from {{ ref('int_core__encounter') }} as encounters
    inner join {{ ref('members') }} as members on encounters.member_id = members.member_id
    where encounters.encounter_type = 'inpatient' and encounters.case_period is not null
),

settled as (
    select
        member_id,
        encounter_id,
        max(nullif(trim(drg_code), '')) as drg_code,
        {{ money('sum(total_charge)') }} as charge,
        {{ money('sum(fund_paid)') }} as fund_paid,
        {{ money('sum(patient_paid)') }} as patient_paid
    from {{ ref('int_core__settlement') }}
    group by member_id, encounter_id
),

grouped as (
    select
        cases.*,
        settled.drg_code,
        settled.charge,
        settled.fund_paid,
        settled.patient_paid,
        drg.drg_name,
        drg.adrg,
        drg.risk_grade,
        drg.weight
    from cases
    inner join settled on cases.member_id = settled.member_id and cases.encounter_id = settled.encounter_id
    left join {{ ref('drg') }} as drg
        on settled.drg_code = drg.drg_code
        and cases.ended_on >= drg.valid_from
        and cases.ended_on <= coalesce(drg.valid_to, cases.ended_on)
    where settled.drg_code is not null
),

standards as (
    select
        grouped.member_id,
        grouped.encounter_id,
        max(case when standards.level <> 'all' then standards.payment_standard end) as level_standard,
        max(case when standards.level = 'all' then standards.payment_standard end) as common_standard
    from grouped
    inner join {{ ref('drg_standards') }} as standards
        on grouped.drg_code = standards.drg_code
        and standards.level in (grouped.level, 'all')
        and grouped.ended_on >= standards.valid_from
        and grouped.ended_on <= coalesce(standards.valid_to, grouped.ended_on)
    group by grouped.member_id, grouped.encounter_id
),

level_factors as (
    select * from {{ policy_in_force(['level_factor'], optional=['level_factor']) }}
),

tariffs as (
    select
        grouped.*,
        coalesce(standards.level_standard, standards.common_standard) as set_standard,
        own.rate as level_rate,
        consortium.rate as consortium_rate,
        level_factors.level_factor as policy_factor,
        coalesce(own.high_multiple, consortium.high_multiple) as high_multiple,
        coalesce(own.low_multiple, consortium.low_multiple) as low_multiple,
        coalesce(own.high_cap_share, consortium.high_cap_share) as high_cap_share
    from grouped
    left join standards
        on grouped.member_id = standards.member_id and grouped.encounter_id = standards.encounter_id
    left join {{ ref('drg_rates') }} as own
        on grouped.region_code = own.region_code
        and grouped.fiscal_year = own.fiscal_year
        and grouped.level = own.level
        and grouped.ended_on >= own.valid_from
        and grouped.ended_on <= coalesce(own.valid_to, grouped.ended_on)
    left join {{ ref('drg_rates') }} as consortium
        on grouped.region_code = consortium.region_code
        and grouped.fiscal_year = consortium.fiscal_year
        and consortium.level = 'all'
        and grouped.ended_on >= consortium.valid_from
        and grouped.ended_on <= coalesce(consortium.valid_to, grouped.ended_on)
    left join level_factors on grouped.period = level_factors.period and grouped.member_id = level_factors.member_id
)

select
    period,
    member_id,
    encounter_id,
    dept_code,
    fiscal_year,
    ended_on,
    los_days,
    disposition,
    drg_code,
    drg_name,
    adrg,
    risk_grade,
    weight,
    charge,
    fund_paid,
    patient_paid,
    case
        when set_standard is not null then 'set'
        when weight is null then 'ungrouped'
        when level_rate is not null then 'level_rate'
        else 'consortium_rate'
    end as tariff_kind,
    case
        when set_standard is null and weight is not null
            then {{ required('coalesce(level_rate, consortium_rate)', "'drg_rates of region ' || region_code || ' year ' || fiscal_year || ' level ' || level") }}
    end as rate,
    case
        when set_standard is not null or level_rate is not null then cast(1 as decimal(18, 6))
        when weight is not null then {{ required('policy_factor', "'policy level_factor of ' || member_id || ' in ' || period") }}
    end as level_factor,
    set_standard,
    high_multiple,
    low_multiple,
    high_cap_share
from tariffs
