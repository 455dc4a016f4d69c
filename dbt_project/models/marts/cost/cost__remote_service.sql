-- One row per period, performing member and kind of remote service: what one costs, by depreciation, labour and network
-- (远程会诊成本, S1-COST-03).
with services as (
    select
        period,
        performing_member_id as member_id,
        service_kind,
        count(*) as services,
        {{ money('sum(depreciation_cost)') }} as depreciation_cost,
        {{ money('sum(labour_cost)') }} as labour_cost,
        {{ money('sum(network_cost)') }} as network_cost,
        {{ money('sum(exam_income + diagnosis_income)') }} as income
    from {{ ref('int_core__remote_services') }}
    group by period, performing_member_id, service_kind
)

select
    services.period,
    services.member_id,
    members.name as member_name,
    services.service_kind,
    services.services,
    services.depreciation_cost,
    services.labour_cost,
    services.network_cost,
    {{ money('services.depreciation_cost + services.labour_cost + services.network_cost') }} as total_cost,
    {{ money_per('services.depreciation_cost + services.labour_cost + services.network_cost', 'services.services') }} as unit_cost,
    services.income,
    {{ money('services.income - services.depreciation_cost - services.labour_cost - services.network_cost') }} as margin
from services
left join {{ ref('core__member') }} as members on services.member_id = members.member_id
