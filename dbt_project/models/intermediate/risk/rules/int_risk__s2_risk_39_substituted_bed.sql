-- One row per intensive bed fee beyond the nights the person lay in an intensive bed (S2-RISK-39, TC-77).
-- Only for stays whose nights were delivered (bed_days is optional).
with fees as (
    select
        member_id,
        encounter_id,
        charge_id,
        charged_on,
        charged_at,
        item_code,
        item_name,
        quantity,
        unit_price,
        amount
    from {{ ref('int_risk__watched_line') }}
    where charge_class = 'bed' and care_grade = 'critical'
),

nights as (
    select
        member_id,
        encounter_id,
        sum(case when bed_tier = 'critical' then 1 else 0 end) as critical_nights,
        count(*) as nights
    from {{ ref('stg_bed_days') }}
    group by member_id, encounter_id
),

unproven as (
    select
        fees.*,
        nights.critical_nights,
        sum(fees.quantity) over (partition by fees.member_id, fees.encounter_id) as charged_days,
        coalesce(sum(fees.quantity) over (
            partition by fees.member_id, fees.encounter_id
            order by case when days.encounter_id is null then 0 else 1 end, fees.charged_at desc, fees.charge_id desc
            rows between unbounded preceding and 1 preceding
        ), 0) as counted_before
    from fees
    inner join nights on fees.member_id = nights.member_id and fees.encounter_id = nights.encounter_id
    left join {{ ref('stg_bed_days') }} as days
        on fees.member_id = days.member_id
        and fees.encounter_id = days.encounter_id
        and fees.charged_on = days.census_date
        and days.bed_tier = 'critical'
)

select
    'S2-RISK-39' as rule_code,
    member_id,
    encounter_id,
    'critical' as subject,
    charge_id,
    charged_on as evidence_on,
    {{ money('least(quantity, charged_days - critical_nights - counted_before) * unit_price') }} as amount_at_risk,
    true as is_certain,
    '收取' || item_name || '(' || item_code || ')' || {{ plain('charged_days') }} || '天,床位登记中监护床位仅'
    || cast(critical_nights as varchar) || '天,疑似将普通床位串换为监护床位收费' as evidence
from unproven
where counted_before < charged_days - critical_nights
