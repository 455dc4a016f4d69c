-- One row per stay billed in a surgical group without a single operation among its charges (R22, S2-RISK-16).
-- A stay without any charge line is one whose charges aren't delivered: nothing can be said of it.
with surgical as (
    select stays.*, drg.drg_name
    from {{ ref('int_risk__stay') }} as stays
    inner join {{ ref('drg') }} as drg
        on stays.drg_code = drg.drg_code
        and stays.started_on >= drg.valid_from
        and stays.started_on <= coalesce(drg.valid_to, stays.started_on)
    where drg.partition = 'surgical' and stays.ended_on is not null
),

charged as (
    select distinct member_id, encounter_id from {{ ref('int_risk__stay_day') }}
),

-- What the operation brings, where the national tables know the group without it.
unoperated as (
    select member_id, encounter_id, payment_difference
    from {{ ref('int_risk__drg_difference') }}
    where variant = 'unoperated' and payment_difference > 0
),

operated as (
    select distinct member_id, encounter_id from {{ ref('int_risk__watched_line') }}
    where charge_class = 'surgery'
)

select
    'R22' as rule_code,
    surgical.member_id,
    surgical.encounter_id,
    surgical.drg_code as subject,
    cast(null as varchar) as charge_id,
    surgical.ended_on as evidence_on,
    coalesce(unoperated.payment_difference, surgical.fund_paid) as amount_at_risk,
    true as is_certain,
    '本次住院按手术组' || surgical.drg_code || '(' || surgical.drg_name || ')结算,'
    || coalesce('主要手术编码' || surgical.primary_procedure || ',', '') || '但收费明细中没有任何手术收费,疑似高套编码' as evidence
from surgical
inner join charged on surgical.member_id = charged.member_id and surgical.encounter_id = charged.encounter_id
left join unoperated
    on surgical.member_id = unoperated.member_id and surgical.encounter_id = unoperated.encounter_id
left join operated on surgical.member_id = operated.member_id and surgical.encounter_id = operated.encounter_id
where operated.encounter_id is null
