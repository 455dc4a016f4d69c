-- One row per stay that begins within the window after another stay of the person in the same member, for the same disease (R01).
with stays as (
    select * from {{ ref('int_risk__stay') }}
),

windows as (
    select * from {{ policy_in_force(['split_admission_window']) }}
),

certainty as (
    select * from {{ rule_parameters('R01', ['certain_gap_days']) }}
),

pairs as (
    select
        later.period,
        later.member_id,
        later.encounter_id,
        later.started_on,
        later.primary_diagnosis,
        later.fund_paid,
        earlier.encounter_id as earlier_encounter_id,
        earlier.ended_on as earlier_ended_on,
        earlier.primary_diagnosis as earlier_diagnosis,
        coalesce(earlier.dx5 = later.dx5, false) as is_same_dx5,
        {{ days_between('earlier.ended_on', 'later.started_on') }} as gap_days
    from stays as later
    inner join windows on later.period = windows.period and later.member_id = windows.member_id
    inner join stays as earlier
        on later.member_id = earlier.member_id
        and later.patient_id = earlier.patient_id
        and earlier.started_at < later.started_at
        and earlier.ended_on <= later.started_on
        and {{ days_between('earlier.ended_on', 'later.started_on') }} <= windows.split_admission_window
    where not earlier.is_left_open
        and not earlier.is_exempt
        and not later.is_exempt
        and (earlier.dx3 = later.dx3 or earlier.adrg = later.adrg)
),

nearest as (
    select
        *,
        row_number() over (
            partition by member_id, encounter_id order by gap_days, earlier_encounter_id
        ) as place
    from pairs
)

select
    'R01' as rule_code,
    nearest.member_id,
    nearest.encounter_id,
    nearest.earlier_encounter_id as subject,
    cast(null as varchar) as charge_id,
    nearest.started_on as evidence_on,
    nearest.fund_paid as amount_at_risk,
    nearest.gap_days <= certainty.certain_gap_days and nearest.is_same_dx5 as is_certain,
    '同一患者于' || cast(nearest.earlier_ended_on as varchar) || '出院(住院号' || nearest.earlier_encounter_id
    || ',主要诊断' || nearest.earlier_diagnosis || '),' || cast(nearest.gap_days as varchar) || '天后于'
    || cast(nearest.started_on as varchar) || '在同一机构再次入院(主要诊断' || nearest.primary_diagnosis
    || '),无计划再入院标记,疑似分解住院' as evidence
from nearest
inner join certainty on nearest.period = certainty.period
where nearest.place = 1
