-- One row per discharged inpatient case settled by DRG: what the insurer pays in all for it (domain 4.1, rate method).
-- High: bill above the multiple of the standard, paid by item within the cap (share of the year-to-date discharges, rounded
-- down, largest excess first); low: bill below the multiple, paid by item; a code without a weight is paid by item.
{{ config(tags=['foundation']) }}
with cases as (
    select
        *,
        {{ money('coalesce(set_standard, cast(weight as decimal(38, 4)) * rate * level_factor)') }} as standard
    from {{ ref('int_payment__settled_case') }}
),

discharges as (
    select
        monthly.member_id,
        monthly.fiscal_year,
        monthly.period,
        sum(monthly.discharges) over (
            partition by monthly.member_id, monthly.fiscal_year order by monthly.period
            rows between unbounded preceding and current row
        ) as discharges_ytd
    from (
        select
            encounters.member_id,
            encounters.case_period as period,
            cast(substr(encounters.case_period, 1, 4) as integer)
            - case when substr(encounters.case_period, 6, 2) < substr(members.fiscal_year_start, 1, 2) then 1 else 0 end
                as fiscal_year,
            count(*) as discharges
        from {{ ref('int_core__encounter') }} as encounters
        inner join {{ ref('members') }} as members on encounters.member_id = members.member_id
        where encounters.encounter_type = 'inpatient' and encounters.case_period is not null
        group by all
    ) as monthly
),

dear as (
    select
        member_id,
        encounter_id,
        fiscal_year,
        period,
        high_cap_share,
        charge - standard as excess
    from cases
    where charge > standard * high_multiple
),

ranked as (
    select
        one.member_id,
        one.encounter_id,
        one.fiscal_year,
        one.period,
        one.high_cap_share,
        count(*) as place
    from dear as one
    inner join dear as ahead
        on one.member_id = ahead.member_id
        and one.fiscal_year = ahead.fiscal_year
        and ahead.period <= one.period
        and (ahead.excess > one.excess or ahead.excess = one.excess and ahead.encounter_id <= one.encounter_id)
    group by all
),

within_cap as (
    select
        ranked.member_id,
        ranked.encounter_id,
        ranked.place <= floor(ranked.high_cap_share * discharges.discharges_ytd) as is_within_cap
    from ranked
    inner join discharges
        on ranked.member_id = discharges.member_id
        and ranked.fiscal_year = discharges.fiscal_year
        and ranked.period = discharges.period
),

judged as (
    select
        cases.*,
        case
            when within_cap.is_within_cap then 'high'
            when cases.charge < cases.standard * cases.low_multiple then 'low'
            else 'none'
        end as outlier,
        within_cap.is_within_cap is not null and not within_cap.is_within_cap as is_beyond_cap
    from cases
    left join within_cap
        on cases.member_id = within_cap.member_id and cases.encounter_id = within_cap.encounter_id
),

paid as (
    select
        *,
        case when outlier = 'none' and standard is not null then standard else charge end as payment
    from judged
)

select
    period,
    member_id,
    encounter_id,
    dept_code,
    fiscal_year,
    drg_code,
    drg_name,
    adrg,
    risk_grade,
    weight,
    rate,
    level_factor,
    tariff_kind,
    standard,
    outlier,
    is_beyond_cap,
    los_days,
    disposition,
    charge,
    fund_paid,
    patient_paid,
    {{ money('payment') }} as payment,
    {{ money('payment - patient_paid') }} as fund_payment
from paid
