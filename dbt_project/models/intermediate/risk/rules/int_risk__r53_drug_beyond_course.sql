-- One row per charge line of a drug prescribed in an encounter for more days than its course of treatment is paid for, and of a
-- service charged to a person after its course has ended (R53). A course of a service begins with the first line after a pause
-- as long as the course itself.
with prescribed as (
    select
        prescriptions.member_id,
        prescriptions.encounter_id,
        prescriptions.drug_code,
        sum(prescriptions.days) as days
    from {{ ref('stg_prescriptions') }} as prescriptions
    where prescriptions.drug_code in (select drug_code from {{ ref('int_risk__drug_limit') }} where max_days is not null)
        and coalesce(prescriptions.review_result, 'pass') <> 'rejected'
    group by prescriptions.member_id, prescriptions.encounter_id, prescriptions.drug_code
),

beyond as (
    select
        prescribed.*,
        limits.drug_name,
        limits.max_days,
        cases.started_on
    from prescribed
    inner join {{ ref('int_risk__case') }} as cases
        on prescribed.member_id = cases.member_id and prescribed.encounter_id = cases.encounter_id
    inner join {{ ref('int_risk__drug_limit') }} as limits
        on prescribed.drug_code = limits.drug_code
        and cases.started_on >= coalesce(limits.valid_from, cases.started_on)
        and cases.started_on <= coalesce(limits.valid_to, cases.started_on)
    where prescribed.days > limits.max_days and cases.payer <> 'self'
),

served as (
    select
        lines.*,
        {{ days_between('lag(lines.charged_on) over person_item', 'lines.charged_on') }} as pause_days
    from {{ ref('int_risk__watched_line') }} as lines
    where lines.course_days is not null and lines.payer <> 'self'
    window person_item as (
        partition by lines.member_id, lines.patient_id, lines.item_code order by lines.charged_at, lines.charge_id
    )
),

numbered as (
    select
        *,
        sum(case when pause_days >= course_days then 1 else 0 end) over (
            partition by member_id, patient_id, item_code order by charged_at, charge_id
            rows between unbounded preceding and current row
        ) as course
    from served
),

begun as (
    select
        *,
        min(charged_on) over (partition by member_id, patient_id, item_code, course) as course_from
    from numbered
)

select
    'R53' as rule_code,
    beyond.member_id,
    beyond.encounter_id,
    beyond.drug_code as subject,
    charges.charge_id,
    coalesce(charges.charged_on, beyond.started_on) as evidence_on,
    {{ money_per('charges.amount * (beyond.days - beyond.max_days)', 'beyond.days') }} as amount_at_risk,
    true as is_certain,
    '药品' || beyond.drug_name || '(' || beyond.drug_code || ')本次开具' || cast(beyond.days as varchar) || '天,限定支付疗程'
    || cast(beyond.max_days as varchar) || '天,超出' || cast(beyond.days - beyond.max_days as varchar) || '天' as evidence
from beyond
left join {{ ref('int_risk__charge') }} as charges
    on beyond.member_id = charges.member_id
    and beyond.encounter_id = charges.encounter_id
    and beyond.drug_code = charges.item_code
    and charges.quantity > 0
union all
select
    'R53' as rule_code,
    member_id,
    encounter_id,
    item_code as subject,
    charge_id,
    charged_on as evidence_on,
    amount as amount_at_risk,
    true as is_certain,
    '项目' || item_name || '(' || item_code || ')自' || cast(course_from as varchar) || '开始,至' || cast(charged_on as varchar)
    || '仍在收费,限定支付疗程' || cast(course_days as varchar) || '天' as evidence
from begun
where {{ days_between('course_from', 'charged_on') }} >= course_days
