-- One row per four-level cost code in use: consortium, member, department, cost item (S1-COST-01, shape of domain 2.5).
-- A department code that already has the standard's shape is kept; others get class, setting, no specialty (0000) and a
-- serial number in the order in which they first appear, so that a new one moves no other's. Cost without a department is
-- 9N000000. A department that was merged (seeds/department_merges.csv) keeps its codes, ended and with what replaces them.
with members as (
    select
        member_id,
        region,
        case
            when role = 'lead' then 'L'
            when level = 'village' then 'V'
            when level = 'primary' then 'T'
            else 'C'
        end as kind,
        joined_on
    from {{ ref('core__member') }}
),

numbered_members as (
    select
        member_id,
        region || '01' as consortium_code,
        kind || lpad(
            cast(row_number() over (partition by kind order by joined_on, member_id) as {{ dbt.type_string() }}), 3, '0'
        ) as member_code
    from members
),

newest_departments as (
    select
        member_id,
        dept_code,
        dept_name,
        dept_class,
        beds_open,
        min(period) over (partition by member_id, dept_code) as first_period
    from {{ ref('core__department') }}
    qualify row_number() over (partition by member_id, dept_code order by period desc) = 1
),

placed_departments as (
    select
        member_id,
        dept_code,
        dept_name,
        first_period,
        case dept_class when 'clinical' then '1' when 'medtech' then '2' when 'auxiliary' then '3' else '4' end
        || case
            when dept_class = 'medtech' then 'S'
            when dept_class <> 'clinical' then 'N'
            when dept_name like '%公共卫生%' or dept_name like '%公卫%' then 'P'
            when dept_name like '%病区%' or dept_name like '%病房%' or beds_open > 0 then 'I'
            else 'O'
        end as class_and_setting
    from newest_departments
),

numbered_departments as (
    select
        member_id,
        dept_code,
        dept_name,
        case
            when {{ matches('dept_code', '[12349][OIPSN][0-9]{6}') }} then dept_code
            else class_and_setting || '0000' || lpad(
                cast(
                    row_number() over (partition by member_id, class_and_setting order by first_period, dept_code)
                    as {{ dbt.type_string() }}
                ), 2, '0'
            )
        end as department_code
    from placed_departments
),

-- Level 4: cost item, subclass and detail as the chart's last four digits of an expense account have them, fund source.
cost_items as (
    select
        period,
        member_id,
        dept_code,
        cost_element,
        fund_source,
        case cost_element
            when 'labour' then '1' when 'consumable' then '2' when 'drug' then '3' when 'depreciation' then '4'
            when 'amortisation' then '5' when 'risk_fund' then '6' else '7'
        end
        || case
            when account_code like '50010%' or account_code like '51010%' then rpad(substring(account_code, 9, 2), 2, '0')
            else '00'
        end
        || '00'
        || case fund_source
            when 'own' then '1' when 'fiscal_basic' then '2' when 'fiscal_project' then '3' when 'other_project' then '4'
            else '5'
        end as item_cost_code
    from {{ ref('ledger__entry') }}
    where account_type = 'expense' and cost_element is not null and not is_closing
    group by all
),

-- Of a department that went to several, the one that took most of it.
merges as (
    select member_id, dept_code, into_member_id, into_dept_code, from_period
    from {{ ref('department_merges') }}
    qualify row_number() over (
        partition by member_id, dept_code order by share desc, into_member_id, into_dept_code
    ) = 1
)

select
    numbered_members.consortium_code || '-' || numbered_members.member_code || '-'
    || coalesce(numbered_departments.department_code, '9N000000') || '-' || cost_items.item_cost_code as unified_code,
    numbered_members.consortium_code,
    numbered_members.member_code,
    coalesce(numbered_departments.department_code, '9N000000') as department_code,
    cost_items.item_cost_code,
    min(cost_items.member_id) as member_id,
    min(names.name) as member_name,
    min(cost_items.dept_code) as dept_code,
    min(numbered_departments.dept_name) as dept_name,
    min(cost_items.cost_element) as cost_element,
    min(cost_items.fund_source) as fund_source,
    min(cost_items.period) as valid_from,
    {{ month_add('min(merges.from_period)', -1) }} as valid_to,
    min(
        new_members.consortium_code || '-' || new_members.member_code || '-' || new_departments.department_code || '-'
        || cost_items.item_cost_code
    ) as replaced_by
from cost_items
inner join numbered_members on cost_items.member_id = numbered_members.member_id
inner join {{ ref('core__member') }} as names on cost_items.member_id = names.member_id
left join numbered_departments
    on cost_items.member_id = numbered_departments.member_id
    and cost_items.dept_code = numbered_departments.dept_code
left join merges on cost_items.member_id = merges.member_id and cost_items.dept_code = merges.dept_code
left join numbered_members as new_members on merges.into_member_id = new_members.member_id
left join numbered_departments as new_departments
    on merges.into_member_id = new_departments.member_id and merges.into_dept_code = new_departments.dept_code
group by
    numbered_members.consortium_code,
    numbered_members.member_code,
    coalesce(numbered_departments.department_code, '9N000000'),
    cost_items.item_cost_code
