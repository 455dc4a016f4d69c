-- One row per period, member, DRG and item that costs more per case here than in the region: what makes the group dearer
-- (S3-DRG-09, S3-DRG-10), the dearest first.
with cases as (
    select period, member_id, drg_code, cases
    from {{ ref('cost__drg_cost') }}
),

region_cases as (
    select period, drg_code, sum(cases) as cases, count(*) as members
    from cases
    group by period, drg_code
),

region_items as (
    select
        period,
        drg_code,
        item_code,
        sum(cases_with_item) as cases_with_item,
        {{ money('sum(cost)') }} as cost
    from {{ ref('int_cost__drg_item') }}
    group by period, drg_code, item_code
),

compared as (
    select
        items.period,
        items.member_id,
        items.drg_code,
        items.item_code,
        items.cases_with_item,
        items.quantity,
        items.cost,
        cases.cases,
        region_items.cases_with_item as region_cases_with_item,
        region_cases.cases as region_cases,
        {{ money_per('items.cost', 'cases.cases') }} as cost_per_case,
        {{ money_per('region_items.cost', 'region_cases.cases') }} as region_cost_per_case
    from {{ ref('int_cost__drg_item') }} as items
    inner join cases
        on items.period = cases.period
        and items.member_id = cases.member_id
        and items.drg_code = cases.drg_code
    inner join region_cases
        on items.period = region_cases.period
        and items.drg_code = region_cases.drg_code
        and region_cases.members > 1
    inner join region_items
        on items.period = region_items.period
        and items.drg_code = region_items.drg_code
        and items.item_code = region_items.item_code
)

select
    compared.period,
    compared.member_id,
    members.name as member_name,
    compared.drg_code,
    groups.drg_name,
    compared.item_code,
    items.item_name,
    {{ ratio('compared.cases_with_item', 'compared.cases') }} as use_rate,
    {{ ratio('compared.region_cases_with_item', 'compared.region_cases') }} as region_use_rate,
    {{ ratio('compared.quantity', 'compared.cases_with_item') }} as quantity_per_use,
    {{ money_per('compared.cost', 'compared.quantity') }} as cost_per_piece,
    compared.cost_per_case,
    compared.region_cost_per_case,
    {{ money('compared.cost_per_case - compared.region_cost_per_case') }} as excess_cost_per_case,
    row_number() over (
        partition by compared.period, compared.member_id, compared.drg_code
        order by compared.cost_per_case - compared.region_cost_per_case desc, compared.item_code
    ) as rank
from compared
left join {{ ref('core__member') }} as members on compared.member_id = members.member_id
left join {{ ref('core__drg') }} as groups on compared.drg_code = groups.drg_code
left join {{ ref('core__item') }} as items on compared.item_code = items.item_code
where compared.cost_per_case > compared.region_cost_per_case
