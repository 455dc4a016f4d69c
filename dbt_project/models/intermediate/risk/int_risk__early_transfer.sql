-- One row per referral downwards whose thirty days were delivered: whether the patient had to be admitted at a hospital again, unplanned.
-- S3-RISK-01: who passes the severe down too early raises the share of referrals and the number of those who come back.
with referred as (
    select distinct
        referrals.period,
        referrals.from_member_id as member_id,
        referrals.referral_id,
        referrals.patient_id,
        referrals.referred_on
    from {{ ref('int_core__referrals') }} as referrals
    inner join {{ ref('int_performance__coverage') }} as own
        on referrals.from_member_id = own.member_id and {{ month_of('referrals.referred_on') }} = own.period
    inner join {{ ref('int_performance__coverage') }} as reach
        on referrals.from_member_id = reach.member_id
        and {{ month_of(day_add('referrals.referred_on', 30)) }} = reach.period
    where referrals.direction = 'down' and own.follows_persons and own.has_next_month
),

returned as (
    select distinct referred.member_id, referred.referral_id
    from referred
    inner join {{ ref('int_risk__stay') }} as stays
        on referred.patient_id = stays.patient_id
        and stays.started_on > referred.referred_on
        and stays.started_on <= {{ day_add('referred.referred_on', 30) }}
    where stays.member_level in ('tertiary', 'secondary') and not stays.is_exempt
)

select
    referred.period,
    referred.member_id,
    referred.referral_id,
    referred.patient_id,
    referred.referred_on,
    returned.referral_id is not null as has_returned
from referred
left join returned on referred.member_id = returned.member_id and referred.referral_id = returned.referral_id
