-- One row per recognition or repetition of an examination. The member that recognised or repeated it delivers;
-- where the source of the examination delivers it too, its row gives way. Recogniser, source and encounter name the event.
with recogniser as (
    select
        recognitions.*,
        case
            when recognitions.member_id <> recognitions.source_member_id or own.encounter_id is not null
                then recognitions.member_id
            else others.member_id
        end as recognising_member_id
    from {{ ref('stg_exam_recognitions') }} as recognitions
    left join (select distinct member_id, encounter_id from {{ ref('stg_encounters') }}) as own
        on recognitions.member_id = own.member_id
        and recognitions.encounter_id = own.encounter_id
    left join (
        select encounter_id, min(member_id) as member_id
        from {{ ref('stg_encounters') }}
        where encounter_id in (select encounter_id from {{ ref('stg_exam_recognitions') }})
        group by encounter_id
        having count(distinct member_id) = 1
    ) as others
        on recognitions.encounter_id = others.encounter_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by coalesce(recognising_member_id, member_id), recognition_id
            order by case when member_id = recognising_member_id then 0 else 1 end, period desc, member_id
        ) as rank_in_event
    from recogniser
)

select
    recognition_id,
    {{ month_of('recognised_on') }} as period,
    recognising_member_id,
    source_member_id,
    recognised_on,
    encounter_id,
    item_code,
    source_charge_id,
    outcome,
    repeat_reason,
    avoided_amount,
    member_id as delivered_by,
    period as delivered_period,
    delivery_date,
    source_file,
    source_row
from ranked
where rank_in_event = 1
