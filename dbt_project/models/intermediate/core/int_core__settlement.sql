-- One row per member and settlement: delivered again as it is paid or denied, the latest row stands.
-- A settlement belongs to the period of its encounter: none while the stay is open, the delivered one where the
-- encounter never came. Repeated ones are found on a 64-bit hash, then counted exactly.
with candidates as (
    select {{ row_hash(['member_id', 'settlement_id']) }} as key_hash
    from {{ ref('stg_settlements') }}
    group by key_hash
    having count(*) > 1
),

repeated as (
    select
        settlements.member_id,
        settlements.settlement_id,
        max(settlements.period) as last_period
    from {{ ref('stg_settlements') }} as settlements
    inner join candidates
        on {{ row_hash(['settlements.member_id', 'settlements.settlement_id']) }} = candidates.key_hash
    group by settlements.member_id, settlements.settlement_id
    having count(*) > 1
)

select
    settlements.member_id,
    settlements.settlement_id,
    case when encounters.encounter_id is null then settlements.period else encounters.case_period end as period,
    settlements.encounter_id,
    settlements.drg_code,
    settlements.claimed_on,
    settlements.settled_on,
    settlements.paid_on,
    settlements.total_charge,
    settlements.fund_paid,
    settlements.patient_paid,
    settlements.denied_amount,
    settlements.denial_reason,
    settlements.coder_id,
    encounters.encounter_id is not null as has_encounter,
    settlements.period as delivered_period,
    settlements.delivery_date,
    settlements.source_file,
    settlements.source_row
from {{ ref('stg_settlements') }} as settlements
left join repeated
    on settlements.member_id = repeated.member_id
    and settlements.settlement_id = repeated.settlement_id
left join {{ ref('int_core__encounter') }} as encounters
    on settlements.member_id = encounters.member_id
    and settlements.encounter_id = encounters.encounter_id
where repeated.settlement_id is null or settlements.period = repeated.last_period
