-- One row per period, member and outcome of holding charge lines against settlements (S2-PLAT-03): how many cases and how much money.
select
    checked.period,
    checked.member_id,
    members.name as member_name,
    checked.status,
    checked.status_name,
    count(*) as cases,
    {{ money('sum(coalesce(checked.charged_amount, 0))') }} as charged_amount,
    {{ money('sum(coalesce(checked.settled_amount, 0))') }} as settled_amount,
    {{ money('sum(checked.difference)') }} as difference
from {{ ref('int_payment__settlement_check') }} as checked
inner join {{ ref('core__member') }} as members on checked.member_id = members.member_id
group by checked.period, checked.member_id, members.name, checked.status, checked.status_name
