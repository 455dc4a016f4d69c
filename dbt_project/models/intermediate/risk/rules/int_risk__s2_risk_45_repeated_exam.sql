-- One row per charge line of an exam done again although a recognised result was at hand (S2-RISK-45, S3-SHARE-05, TC-59):
-- either the member reported the repetition without a reason, or the same recognisable item was charged at another member
-- of recognised level within the days of validity (S3-SHARE-04, AMB-19).
with cases as (
    select member_id, encounter_id, period from {{ ref('int_risk__case') }}
),

reported as (
    select
        recognising_member_id as member_id,
        encounter_id,
        item_code,
        source_member_id,
        recognised_on,
        outcome,
        coalesce(trim(repeat_reason), '') <> '' as has_reason
    from {{ ref('int_core__exam_recognitions') }}
    where encounter_id is not null
),

reported_lines as (
    select
        reported.member_id,
        reported.encounter_id,
        charges.charge_id,
        charges.charged_on,
        charges.item_code,
        charges.item_name,
        charges.amount,
        reported.source_member_id,
        reported.recognised_on as source_on,
        row_number() over (
            partition by reported.member_id, reported.encounter_id, reported.item_code
            order by charges.charged_at, charges.charge_id
        ) as place
    from reported
    inner join {{ ref('int_risk__charge') }} as charges
        on reported.member_id = charges.member_id
        and reported.encounter_id = charges.encounter_id
        and reported.item_code = charges.item_code
        and charges.quantity > 0
        and charges.charged_on >= reported.recognised_on
    where reported.outcome = 'repeated' and not reported.has_reason
),

levels as (
    select * from (values ('village', 1), ('primary', 1), ('secondary', 2), ('tertiary', 3)) as level_order (level, place)
),

lines as (
    select met.*, cases.period, levels.place as level_place
    from {{ ref('int_risk__met_elsewhere') }} as met
    inner join cases on met.member_id = cases.member_id and met.encounter_id = cases.encounter_id
    inner join levels on met.member_level = levels.level
    where met.is_recognisable
),

rules as (
    select policy.*, levels.place as issuer_place
    from {{ policy_in_force(['recognition_validity'], text=['recognition_issuer_min_level']) }} as policy
    inner join levels on policy.recognition_issuer_min_level = levels.level
),

found as (
    select
        later.member_id,
        later.encounter_id,
        later.charge_id,
        later.charged_on,
        later.item_code,
        later.item_name,
        later.amount,
        earlier.member_id as source_member_id,
        earlier.charged_on as source_on,
        row_number() over (
            partition by later.member_id, later.charge_id order by earlier.charged_at desc, earlier.charge_id
        ) as place
    from lines as later
    inner join rules on later.period = rules.period and later.member_id = rules.member_id
    inner join lines as earlier
        on later.patient_id = earlier.patient_id
        and later.item_code = earlier.item_code
        and later.member_id <> earlier.member_id
        and earlier.charged_on < later.charged_on
        and {{ days_between('earlier.charged_on', 'later.charged_on') }} <= rules.recognition_validity
        and earlier.level_place >= rules.issuer_place
    left join reported
        on later.member_id = reported.member_id
        and later.encounter_id = reported.encounter_id
        and later.item_code = reported.item_code
    where reported.encounter_id is null
),

hits as (
    select member_id, encounter_id, charge_id, charged_on, item_code, item_name, amount, source_member_id, source_on
    from reported_lines
    where place = 1
    union all
    select member_id, encounter_id, charge_id, charged_on, item_code, item_name, amount, source_member_id, source_on
    from found
    where place = 1
)

select
    'S2-RISK-45' as rule_code,
    member_id,
    encounter_id,
    item_code || '@' || cast(charged_on as varchar) as subject,
    charge_id,
    charged_on as evidence_on,
    amount as amount_at_risk,
    false as is_certain,
    '项目' || item_name || '(' || item_code || ')于' || cast(charged_on as varchar) || '重复进行,而成员机构' || source_member_id
    || '的有效结果(' || cast(source_on as varchar) || ')可以互认,未说明重做理由' as evidence
from hits
