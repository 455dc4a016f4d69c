-- One row per stay that overlaps an earlier stay of the same person by a full day or more, in any member (R06).
with stays as (
    select * from {{ ref('int_risk__stay') }}
),

bounds as (
    select * from {{ rule_parameters('R06', ['min_overlap_days']) }}
),

pairs as (
    select
        later.member_id,
        later.encounter_id,
        later.started_on,
        earlier.member_id as earlier_member_id,
        earlier.encounter_id as earlier_encounter_id,
        earlier.started_on as earlier_started_on,
        earlier.ended_on as earlier_ended_on,
        least(later.fund_paid, earlier.fund_paid) as amount_at_risk,
        {{ days_between('later.started_on', 'least(earlier.in_bed_until, later.in_bed_until)') }} as overlap_days,
        row_number() over (
            partition by later.member_id, later.encounter_id
            order by earlier.started_at desc, earlier.member_id, earlier.encounter_id
        ) as place
    from stays as later
    inner join bounds on later.period = bounds.period
    inner join stays as earlier
        on later.patient_id = earlier.patient_id
        and (
            earlier.started_at < later.started_at
            or earlier.started_at = later.started_at
            and (earlier.member_id, earlier.encounter_id) < (later.member_id, later.encounter_id)
        )
        and {{ days_between('later.started_on', 'least(earlier.in_bed_until, later.in_bed_until)') }}
        >= bounds.min_overlap_days
)

select
    'R06' as rule_code,
    member_id,
    encounter_id,
    earlier_member_id || '/' || earlier_encounter_id as subject,
    cast(null as varchar) as charge_id,
    started_on as evidence_on,
    amount_at_risk,
    true as is_certain,
    '患者于' || cast(started_on as varchar) || '入院,而此前在机构' || earlier_member_id || '的住院(住院号' || earlier_encounter_id
    || ',' || cast(earlier_started_on as varchar) || '至' || coalesce(cast(earlier_ended_on as varchar), '在院') || ')尚未结束,两次住院重叠至少'
    || cast(overlap_days as varchar) || '天' as evidence
from pairs
where place = 1
