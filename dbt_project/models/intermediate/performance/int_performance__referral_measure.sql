-- One row per period, member and measure of referrals (AMB-09). A referral counts for its sender in the month it was made; what
-- was offered and accepted counts for the receiver.
with referrals as (
    select
        referrals.*,
        senders.level as sender_level,
        {{ days_between('referrals.referred_on', 'referrals.accepted_on') }} as days_to_arrival
    from {{ ref('int_core__referrals') }} as referrals
    inner join {{ ref('members') }} as senders on referrals.from_member_id = senders.member_id
),

sent as (
    select
        period,
        from_member_id as member_id,
        count(*) as referrals,
        count(*) as two_way_referrals,
        sum(case when days_to_arrival <= 7 then 1 else 0 end) as referrals_arrived_7d,
        sum(case when direction = 'down' then 1 else 0 end) as down_referrals_sent,
        sum(case when sender_level = 'tertiary' then case when direction = 'down' then 1 else 0 end end) as down_referrals,
        sum(case when sender_level in ('primary', 'village') then case when direction = 'up' then 1 else 0 end end) as up_referrals,
        sum(case when direction = 'up' and is_appropriate is not null then 1 end) as up_referrals_judged,
        sum(case when direction = 'up' and is_appropriate is not null then case when is_appropriate then 1 else 0 end end)
            as up_referrals_appropriate
    from referrals
    group by period, from_member_id
),

received as (
    select
        period,
        to_member_id as member_id,
        sum(case when direction = 'down' then 1 end) as down_referrals_offered,
        sum(case when direction = 'down' then case when accepted_on is not null then 1 else 0 end end) as down_referrals_accepted
    from referrals
    group by period, to_member_id
)

{{ long_measures('sent', [
    'referrals', 'two_way_referrals', 'referrals_arrived_7d', 'down_referrals_sent', 'down_referrals', 'up_referrals',
    'up_referrals_judged', 'up_referrals_appropriate',
], has_department=false) }}
union all
{{ long_measures('received', ['down_referrals_offered', 'down_referrals_accepted'], has_department=false) }}
