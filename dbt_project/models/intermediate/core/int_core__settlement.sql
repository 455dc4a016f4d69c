-- One row per member and settlement: delivered again as it is paid or denied, the latest row stands.
-- A settlement belongs to the period of its encounter: none while the stay is open, the delivered one where the
-- encounter never came.
with numbered as (
    select
        *,
        row_number() over (partition by member_id, settlement_id order by period desc) as recency
    from {{ ref('stg_settlements') }}
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
from numbered as settlements
left join {{ ref('int_core__encounter') }} as encounters
    on settlements.member_id = encounters.member_id
    and settlements.encounter_id = encounters.encounter_id
where settlements.recency = 1
