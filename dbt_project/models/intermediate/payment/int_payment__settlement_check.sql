-- One row per closed case whose charge lines and settlements can be held against each other (S2-PLAT-03): matched, charged and never settled,
-- settled without a charge, or different in amount. Settlements come per case, so lines are compared in sum. Only cases are judged whose months
-- were delivered on both sides; who pays alone needs no settlement. A case settled several times is compared with the sum.
with charged as (
    select member_id, encounter_id, cast(sum(amount_fen) as decimal(18, 0)) as amount_fen
    from {{ ref('int_cost__case_charge') }}
    group by member_id, encounter_id
),

settled as (
    select
        member_id,
        encounter_id,
        max(period) as period,
        count(*) as settlements,
        {{ money('sum(total_charge)') }} as settled_amount
    from {{ ref('int_core__settlement') }}
    where period is not null
    group by member_id, encounter_id
),

charged_months as (
    select distinct period, member_id from {{ ref('int_cost__case_charge') }}
),

settled_months as (
    select distinct period, member_id from {{ ref('int_core__settlement') }}
    where period is not null
),

cases as (
    select
        coalesce(encounters.case_period, settled.period) as period,
        coalesce({{ month_of('encounters.started_at') }}, settled.period) as first_period,
        settled.member_id is not null as is_settled,
        coalesce(encounters.member_id, settled.member_id) as member_id,
        coalesce(encounters.encounter_id, settled.encounter_id) as encounter_id,
        encounters.encounter_type,
        encounters.payer,
        encounters.dept_code,
        settled.settlements,
        settled.settled_amount
    from (
        select * from {{ ref('int_core__encounter') }}
        where case_period is not null
    ) as encounters
    full outer join settled
        on encounters.member_id = settled.member_id and encounters.encounter_id = settled.encounter_id
),

-- A stay of several months, one of which brought no charges: its sum would be too low.
cut_off as (
    select cases.member_id, cases.encounter_id
    from cases
    inner join charged_months
        on cases.member_id = charged_months.member_id
        and charged_months.period between cases.first_period and cases.period
    where cases.first_period <> cases.period
    group by cases.member_id, cases.encounter_id, cases.first_period, cases.period
    having count(*) <
        (cast(left(cases.period, 4) as integer) - cast(left(cases.first_period, 4) as integer)) * 12
        + cast(right(cases.period, 2) as integer) - cast(right(cases.first_period, 2) as integer) + 1
),

compared as (
    select
        cases.period,
        cases.member_id,
        cases.encounter_id,
        cases.encounter_type,
        cases.payer,
        cases.dept_code,
        coalesce(cases.settlements, 0) as settlements,
        cast(charged.amount_fen * cast(0.01 as decimal(3, 2)) as decimal(18, 2)) as charged_amount,
        cases.settled_amount,
        case
            when not cases.is_settled then case when charged.amount_fen <> 0 and cases.payer in ('employee', 'resident') then 'unsettled' end
            when charged.amount_fen is null then 'uncharged'
            when cast(charged.amount_fen * cast(0.01 as decimal(3, 2)) as decimal(18, 2)) = cases.settled_amount then 'matched'
            else 'different'
        end as status
    from cases
    inner join charged_months on cases.period = charged_months.period and cases.member_id = charged_months.member_id
    inner join settled_months on cases.period = settled_months.period and cases.member_id = settled_months.member_id
    left join charged on cases.member_id = charged.member_id and cases.encounter_id = charged.encounter_id
    left join cut_off on cases.member_id = cut_off.member_id and cases.encounter_id = cut_off.encounter_id
    where cut_off.encounter_id is null
)

select
    period,
    member_id,
    encounter_id,
    encounter_type,
    payer,
    dept_code,
    settlements,
    charged_amount,
    settled_amount,
    cast(coalesce(charged_amount, 0) - coalesce(settled_amount, 0) as decimal(18, 2)) as difference,
    status,
    case status
        when 'matched' then '相符'
        when 'unsettled' then '有收费未结算'
        when 'uncharged' then '有结算无收费'
        else '金额不符'
    end as status_name
from compared
where status is not null
