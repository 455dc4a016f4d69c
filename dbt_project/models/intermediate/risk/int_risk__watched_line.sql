-- One row per charge line that a rule on single lines, pairs or windows has to look at: the one scan that they share.
-- What happens every day stays out of it: daily maxima are counted in int_risk__excess_line, therapy in its rule (R66), and of pairs and
-- groups only lines that met are here (int_risk__meeting_line).
with purchases as (
    select member_id, item_code, min(unit_price) as lowest_price
    from {{ ref('int_risk__purchase_price') }}
    group by member_id, item_code
),

charges as (
    select * from {{ ref('int_risk__charge') }}
),

priced as (
    select
        charges.*,
        case charges.member_level
            when 'tertiary' then items.max_price_tertiary
            when 'secondary' then items.max_price_secondary
            else items.max_price_primary
        end as price_limit,
        items.window_limit,
        items.limit_window,
        items.exclusive_group,
        items.sex_limit,
        items.age_min,
        items.age_max,
        items.is_in_need,
        meeting.charge_id is not null as is_meeting,
        items.is_listed_drug,
        items.is_listed_exam,
        items.care_grade,
        items.item_group,
        items.course_days,
        coalesce(items.is_own_pay, false) and charges.in_insurance_catalog as is_own_pay_as_insured,
        coalesce(items.is_grouped_operation, false) as is_grouped_operation,
        coalesce(charges.unit_price > purchases.lowest_price, false) as is_above_a_purchase
    from charges
    left join {{ ref('int_risk__item') }} as items
        on charges.item_code = items.item_code
        and charges.charged_on >= items.valid_from
        and charges.charged_on <= coalesce(items.valid_to, charges.charged_on)
    left join purchases
        on charges.member_id = purchases.member_id and charges.item_code = purchases.item_code
    left join {{ ref('int_risk__meeting_line') }} as meeting
        on charges.member_id = meeting.member_id and charges.charge_id = meeting.charge_id
)

select
    *,
    {{ minute_of('charged_at') }} as charged_minute,
    coalesce(unit_price > price_limit, false) as is_over_price,
    -- sex U never violates; ages are inclusive (page 2b, cells)
    coalesce(sex in ('F', 'M') and sex <> sex_limit, false) as is_wrong_sex,
    coalesce(age_years < age_min, false) or coalesce(age_years > age_max, false) as is_wrong_age,
    is_inpatient and (charged_on < started_on or coalesce(charged_on > ended_on, false)) as is_outside_stay
from priced
where quantity > 0
    and (
        is_meeting
        or is_in_need
        or is_listed_drug
        or is_listed_exam
        or window_limit is not null
        or course_days is not null
        or is_grouped_operation
        or sex_limit is not null
        or age_years < age_min
        or age_years > age_max
        or unit_price > price_limit
        or is_above_a_purchase
        or item_group in ('tumour_marker', 'ct_mri', 'dialysis')
        or is_own_pay_as_insured
        or charge_class in ('surgery', 'anaesthesia', 'high_value_consumable')
        or care_grade = 'critical'
        or is_inpatient and (charged_on < started_on or charged_on > ended_on)
    )
