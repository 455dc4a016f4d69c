-- One row per period, member, department, cost element, fund source and kind of expense account: net of all 5xxx accounts,
-- closing vouchers left out. Kinds (domain 1.3): `item` 5001/5101, the seven cost elements; `hospital` what only 医院全成本
-- holds (5301, 5401, 5501, 5901, …); `outside` 5201 and 5801, reconciling lines. A line without department is common cost.
-- cost_layer: the narrowest cost scope that holds it; each scope holds the ones before it. Empty outside all of them.
with expenses as (
    select
        period,
        member_id,
        coalesce(nullif(trim(dept_code), ''), 'COMMON') as dept_code,
        coalesce(cost_element, 'other') as cost_element,
        fund_source,
        case
            when {{ starts_with_any('account_code', ['5001', '5101']) }} then 'item'
            when {{ starts_with_any('account_code', ['5201', '5801']) }} then 'outside'
            else 'hospital'
        end as expense_kind,
        sum(amount) as amount
    from {{ ref('ledger__entry') }}
    where not is_closing and account_code like '5%'
    group by all
)

select
    *,
    case
        when expense_kind = 'item' and fund_source in ('own', 'fiscal_basic') then 'medical'
        when expense_kind = 'item' and fund_source in ('fiscal_project', 'other_project') then 'medical_full'
        when expense_kind <> 'outside' then 'hospital_full'
    end as cost_layer
from expenses
