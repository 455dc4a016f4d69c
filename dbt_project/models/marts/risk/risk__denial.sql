-- One row per period, member, department and reason with which the insurer denied money: cases, amount, its share of what was claimed (S2-RISK-54).
-- Rate: denied / (paid by the fund + denied) of the department's settlements of the month. Change: against the month before.
-- Borne by the department in full: what was denied for items used before their assessment (S2-RISK-08, TC-74).
with settled as (
    select
        settlements.period,
        settlements.member_id,
        encounters.dept_code,
        settlements.encounter_id,
        settlements.denied_amount,
        settlements.fund_paid + settlements.denied_amount as claimed,
        coalesce(nullif(trim(settlements.denial_reason), ''), '未说明原因') as reason
    from {{ ref('int_core__settlement') }} as settlements
    left join {{ ref('int_core__encounter') }} as encounters
        on settlements.member_id = encounters.member_id and settlements.encounter_id = encounters.encounter_id
    where settlements.period is not null
),

claimed as (
    select period, member_id, dept_code, sum(claimed) as claimed
    from settled
    group by period, member_id, dept_code
),

denied as (
    select
        settled.period,
        settled.member_id,
        settled.dept_code,
        settled.reason,
        count(distinct settled.encounter_id) as cases,
        {{ money('sum(settled.denied_amount)') }} as amount,
        {{ money('sum(case when unassessed.amount is not null then least(settled.denied_amount, unassessed.amount) end)') }}
            as borne_by_department
    from settled
    left join {{ ref('int_risk__unassessed_use') }} as unassessed
        on settled.member_id = unassessed.member_id and settled.encounter_id = unassessed.encounter_id
    where settled.denied_amount > 0
    group by settled.period, settled.member_id, settled.dept_code, settled.reason
)

select
    denied.period,
    denied.member_id,
    members.name as member_name,
    denied.dept_code,
    departments.dept_name,
    denied.reason,
    denied.cases,
    denied.amount,
    {{ money('claimed.claimed') }} as claimed_amount,
    {{ ratio('denied.amount', 'claimed.claimed') }} as rate,
    before.amount as amount_before,
    {{ ratio('denied.amount - before.amount', 'before.amount') }} as change,
    denied.borne_by_department
from denied
inner join claimed
    on denied.period = claimed.period
    and denied.member_id = claimed.member_id
    and denied.dept_code is not distinct from claimed.dept_code
left join denied as before
    on {{ month_add('denied.period', -1) }} = before.period
    and denied.member_id = before.member_id
    and denied.dept_code is not distinct from before.dept_code
    and denied.reason = before.reason
left join {{ ref('core__member') }} as members on denied.member_id = members.member_id
left join {{ ref('core__department') }} as departments
    on denied.period = departments.period
    and denied.member_id = departments.member_id
    and denied.dept_code = departments.dept_code
