-- One row per stay that begins within the window after a stay in another member for the same disease, without a referral form (R02).
with stays as (
    select * from {{ ref('int_risk__stay') }}
),

windows as (
    select * from {{ policy_in_force(['cross_member_split_window']) }}
),

referrals as (
    select patient_id, from_member_id, to_member_id, referred_on from {{ ref('int_core__referrals') }}
),

pairs as (
    select
        later.member_id,
        later.encounter_id,
        later.patient_id,
        later.started_on,
        later.primary_diagnosis,
        later.fund_paid,
        earlier.member_id as earlier_member_id,
        earlier.encounter_id as earlier_encounter_id,
        earlier.started_on as earlier_started_on,
        earlier.ended_on as earlier_ended_on,
        earlier.primary_diagnosis as earlier_diagnosis,
        {{ days_between('earlier.ended_on', 'later.started_on') }} as gap_days
    from stays as later
    inner join windows on later.period = windows.period and later.member_id = windows.member_id
    inner join stays as earlier
        on later.patient_id = earlier.patient_id
        and later.member_id <> earlier.member_id
        and earlier.started_at < later.started_at
        and earlier.ended_on <= later.started_on
        and {{ days_between('earlier.ended_on', 'later.started_on') }} <= windows.cross_member_split_window
    where not earlier.is_left_open
        and not earlier.is_exempt
        and not later.is_exempt
        and (earlier.dx3 = later.dx3 or earlier.adrg = later.adrg)
),

unreferred as (
    select pairs.*
    from pairs
    left join referrals
        on pairs.patient_id = referrals.patient_id
        and pairs.earlier_member_id = referrals.from_member_id
        and pairs.member_id = referrals.to_member_id
        and referrals.referred_on between pairs.earlier_started_on and pairs.started_on
    where referrals.patient_id is null
),

nearest as (
    select
        *,
        row_number() over (
            partition by member_id, encounter_id order by gap_days, earlier_member_id, earlier_encounter_id
        ) as place
    from unreferred
)

select
    'R02' as rule_code,
    member_id,
    encounter_id,
    earlier_member_id || '/' || earlier_encounter_id as subject,
    cast(null as varchar) as charge_id,
    started_on as evidence_on,
    fund_paid as amount_at_risk,
    false as is_certain,
    '同一患者于' || cast(earlier_ended_on as varchar) || '在成员机构' || earlier_member_id || '出院(住院号' || earlier_encounter_id
    || ',主要诊断' || earlier_diagnosis || '),' || cast(gap_days as varchar) || '天后于' || cast(started_on as varchar)
    || '在本机构入院(主要诊断' || primary_diagnosis || '),无转诊单,疑似医共体内分解住院' as evidence
from nearest
where place = 1
