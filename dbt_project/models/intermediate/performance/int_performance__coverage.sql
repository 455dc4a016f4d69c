-- One row per month and member that delivered encounters: what can be said of that month, so that an indicator is never good for lack of data.
-- A member follows persons where somebody came twice under one pseudonym; it tells denials or diagnoses where there is one.
with months as (
    select period, member_id, max(case when nullif(trim(primary_diagnosis), '') is not null then 1 else 0 end) = 1 as tells_diagnoses
    from {{ ref('stg_encounters') }}
    group by period, member_id
),

persons as (
    select member_id, patient_id
    from {{ ref('int_core__encounter') }}
    group by member_id, patient_id
    having count(*) > 1
),

following as (
    select distinct member_id from persons
),

denied as (
    select distinct member_id from {{ ref('stg_settlements') }} where denied_amount > 0
)

select
    months.period,
    months.member_id,
    months.tells_diagnoses,
    following.member_id is not null as follows_persons,
    denied.member_id is not null as tells_denials,
    later.period is not null as has_next_month
from months
left join following on months.member_id = following.member_id
left join denied on months.member_id = denied.member_id
left join months as later
    on months.member_id = later.member_id and {{ month_add('months.period', 1) }} = later.period
