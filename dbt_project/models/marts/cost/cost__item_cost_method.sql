-- One row per period, member, executing department, service item and way of costing it: equivalents, activities and the three
-- cost ratios side by side (domain 1.9). Each way uses up the department's service pool to the fen.
select
    methods.period,
    methods.member_id,
    members.name as member_name,
    methods.executing_dept,
    departments.dept_name as executing_dept_name,
    methods.item_code,
    items.item_name,
    methods.method,
    {{ item_method_name('methods.method') }} as method_name,
    methods.is_published,
    cast(volumes.volume as decimal(18, 4)) as volume,
    {{ from_fen('methods.cost_fen') }} as total_cost,
    {{ price_per(from_fen('methods.cost_fen'), 'volumes.volume') }} as unit_cost
from {{ ref('int_cost__item_method') }} as methods
inner join {{ ref('int_cost__item_volume') }} as volumes
    on methods.period = volumes.period
    and methods.member_id = volumes.member_id
    and methods.executing_dept = volumes.executing_dept
    and methods.item_code = volumes.item_code
left join {{ ref('core__member') }} as members on methods.member_id = members.member_id
left join {{ ref('core__item') }} as items on methods.item_code = items.item_code
left join {{ ref('core__department') }} as departments
    on methods.period = departments.period
    and methods.member_id = departments.member_id
    and methods.executing_dept = departments.dept_code
