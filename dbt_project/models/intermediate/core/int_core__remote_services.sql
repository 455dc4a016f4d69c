-- One row per remote service. Both sides may deliver it; the performing member's row wins, then the latest delivery.
-- Examined here, read there (S4-SHARE-01): performing and requesting member stand in every row.
with ranked as (
    select
        *,
        row_number() over (
            partition by performing_member_id, service_id
            order by case when member_id = performing_member_id then 0 else 1 end, period desc, member_id
        ) as rank_in_event
    from {{ ref('stg_remote_services') }}
)

select
    service_id,
    {{ month_of('performed_on') }} as period,
    service_kind,
    performed_on,
    performing_member_id,
    requesting_member_id,
    encounter_id,
    exam_income,
    diagnosis_income,
    depreciation_cost,
    labour_cost,
    network_cost,
    member_id as delivered_by,
    period as delivered_period,
    delivery_date,
    source_file,
    source_row
from ranked
where rank_in_event = 1
