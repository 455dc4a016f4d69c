-- One row per member and encounter that was delivered in more than one period (a stay across month ends).
-- Candidates are found on a 64-bit hash, then counted exactly: the full key would not fit in memory at scale.
with candidates as (
    select {{ row_hash(['member_id', 'encounter_id']) }} as key_hash
    from {{ ref('stg_encounters') }}
    group by key_hash
    having count(*) > 1
)

select
    encounters.member_id,
    encounters.encounter_id,
    max(encounters.period) as last_period
from {{ ref('stg_encounters') }} as encounters
inner join candidates
    on {{ row_hash(['encounters.member_id', 'encounters.encounter_id']) }} = candidates.key_hash
group by encounters.member_id, encounters.encounter_id
having count(*) > 1
