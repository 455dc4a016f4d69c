-- One row per referral. Both sides may deliver it; the sending member's row wins, then the latest delivery.
-- Numbers are the sender's own, so sender and number together name the event. It belongs to the month it was made.
with ranked as (
    select
        *,
        row_number() over (
            partition by from_member_id, referral_id
            order by case when member_id = from_member_id then 0 else 1 end, period desc, member_id
        ) as rank_in_event
    from {{ ref('stg_referrals') }}
)

select
    referral_id,
    {{ month_of('referred_on') }} as period,
    patient_id,
    from_member_id,
    to_member_id,
    direction,
    referred_on,
    accepted_on,
    condition_type,
    diagnosis,
    is_appropriate,
    from_encounter_id,
    to_encounter_id,
    member_id as delivered_by,
    period as delivered_period,
    delivery_date,
    source_file,
    source_row
from ranked
where rank_in_event = 1
