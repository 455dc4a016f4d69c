-- One row per period and member without department cost: why there is none. Nothing is made up in its place (S1-PLAT-04).
select
    basis.period,
    basis.member_id,
    members.name as member_name,
    basis.basis,
    basis.reason_code,
    basis.reason
from {{ ref('int_cost__basis') }} as basis
left join {{ ref('core__member') }} as members on basis.member_id = members.member_id
where basis.reason_code is not null
