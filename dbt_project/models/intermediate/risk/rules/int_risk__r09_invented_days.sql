-- One row per stay and kind of daily fee (bed, care) charged for more days than the stay lasted (R09, S2-RISK-42).
with stays as (
    select * from {{ ref('int_risk__stay') }}
    where ended_on is not null
),

bounds as (
    select * from {{ rule_parameters('R09', ['tolerance_days']) }}
),

charged as (
    select
        member_id,
        encounter_id,
        sum(bed_quantity) as bed_quantity,
        sum(care_quantity) as care_quantity
    from {{ ref('int_risk__stay_day') }}
    group by member_id, encounter_id
),

fees as (
    select member_id, encounter_id, 'bed' as fee, '床位费' as fee_name, bed_quantity as quantity from charged
    union all
    select member_id, encounter_id, 'nursing' as fee, '护理费' as fee_name, care_quantity as quantity from charged
),

excess as (
    select
        stays.member_id,
        stays.encounter_id,
        stays.started_on,
        stays.ended_on,
        stays.los,
        fees.fee,
        fees.fee_name,
        fees.quantity,
        fees.quantity - stays.los - bounds.tolerance_days as excess_quantity
    from stays
    inner join bounds on stays.period = bounds.period
    inner join fees on stays.member_id = fees.member_id and stays.encounter_id = fees.encounter_id
    where fees.quantity > stays.los + bounds.tolerance_days
),

lines as (
    select
        excess.*,
        charges.charge_id,
        charges.quantity as line_quantity,
        charges.unit_price,
        coalesce(sum(charges.quantity) over (
            partition by excess.member_id, excess.encounter_id, excess.fee
            order by charges.charged_at desc, charges.charge_id desc
            rows between unbounded preceding and 1 preceding
        ), 0) as later_quantity
    from excess
    inner join {{ ref('int_risk__charge') }} as charges
        on excess.member_id = charges.member_id
        and excess.encounter_id = charges.encounter_id
        and excess.fee = charges.charge_class
        and charges.quantity > 0
    left join {{ ref('int_risk__item') }} as items
        on charges.item_code = items.item_code
        and charges.charged_on >= items.valid_from
        and charges.charged_on <= coalesce(items.valid_to, charges.charged_on)
    where excess.fee = 'bed' or items.care_grade is not null
)

select
    'R09' as rule_code,
    member_id,
    encounter_id,
    fee as subject,
    charge_id,
    ended_on as evidence_on,
    {{ money('least(line_quantity, excess_quantity - later_quantity) * unit_price') }} as amount_at_risk,
    true as is_certain,
    '住院' || cast(los as varchar) || '天(' || cast(started_on as varchar) || '至' || cast(ended_on as varchar) || '),'
    || fee_name || '却收取' || {{ plain('quantity') }} || '天,超出可收天数' || {{ plain('excess_quantity') }}
    || '天,疑似虚构住院天数' as evidence
from lines
where later_quantity < excess_quantity
