-- R01: a stay that begins within the window after another one of the person in the same member for the same disease. Some
-- members at once, since all stays with what was paid for them do not fit the memory at L.
insert into hit
with marked as (
    select
        stay.period, stay.case_period, stay.member_id, stay.encounter_id, stay.patient_id, stay.started_at, stay.started_on, stay.ended_on,
        left(primary_diagnosis, 3) as dx3, drg.adrg, settled.fund_paid,
        coalesce(disposition in ('transfer', 'died', 'left'), false) as is_left_open,
        coalesce(is_planned_readmission, false) or exists (
            select 1 from risk_exemptions as x
            where starts_with(stay.primary_diagnosis, x.icd_prefix) and stay.started_on >= x.valid_from
                and stay.started_on <= coalesce(x.valid_to, stay.started_on)
        ) as is_exempt
    from stay
    left join settled on stay.member_id = settled.member_id and stay.encounter_id = settled.encounter_id
    left join drg
        on settled.drg_code = drg.drg_code
        and stay.started_on >= drg.valid_from and stay.started_on <= coalesce(drg.valid_to, stay.started_on)
    where stay.member_id in ($members)
)
select 'R01', later.member_id, later.encounter_id, earlier.encounter_id, null, later.started_on, later.fund_paid
from marked as later
inner join policy_value as bound
    on coalesce(later.case_period, later.period) = bound.period and later.member_id = bound.member_id
    and bound.parameter = 'split_admission_window'
inner join marked as earlier
    on later.member_id = earlier.member_id and later.patient_id = earlier.patient_id
    and earlier.started_at < later.started_at and earlier.ended_on <= later.started_on
    and date_diff('day', earlier.ended_on, later.started_on) <= bound.value
where not earlier.is_left_open and not earlier.is_exempt and not later.is_exempt
    and (earlier.dx3 = later.dx3 or earlier.adrg = later.adrg)
qualify row_number() over (
    partition by later.member_id, later.encounter_id
    order by date_diff('day', earlier.ended_on, later.started_on), earlier.encounter_id
) = 1
