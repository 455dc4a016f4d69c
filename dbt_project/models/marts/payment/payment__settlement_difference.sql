-- One row per closed case whose charge lines and settlements disagree (S2-PLAT-03): charged and never settled, settled without a charge, or
-- different in amount.
select
    checked.period,
    checked.member_id,
    members.name as member_name,
    checked.encounter_id,
    checked.encounter_type,
    checked.payer,
    checked.dept_code,
    checked.settlements,
    checked.charged_amount,
    checked.settled_amount,
    checked.difference,
    checked.status,
    checked.status_name
from {{ ref('int_payment__settlement_check') }} as checked
inner join {{ ref('core__member') }} as members on checked.member_id = members.member_id
where checked.status <> 'matched'
