-- One row per period, buying member, provider, department and cost element: what members charged for (price), taken out of the
-- buyer's cost, and what it really cost the provider, put in its place (received): domain 2.6.4, scope 医疗成本.
-- Received is the provider's step-down to EXT:<member>, shared out by the workload that its departments had for the
-- buyer's departments; work for a department the buyer doesn't have stands as COMMON.
{% set key = 'period, provider_member_id, member_id, from_dept, cost_element' %}

with books as (
    select distinct period, member_id
    from {{ ref('int_ledger__trial_balance') }}
    inner join {{ ref('int_ledger__membership') }} using (period, member_id)
),

prices as (
    select
        lines.period,
        lines.member_id,
        lines.counterparty_member_id as provider_member_id,
        coalesce(nullif(trim(entries.dept_code), ''), 'COMMON') as dept_code,
        entries.cost_element,
        lines.amount
    from {{ ref('int_ledger__intercompany_line') }} as lines
    inner join {{ ref('ledger__entry') }} as entries
        on lines.period = entries.period
        and lines.member_id = entries.member_id
        and lines.voucher_no = entries.voucher_no
        and lines.line_no = entries.line_no
    where lines.leg = 'movement'
        and entries.cost_element is not null
        and entries.account_type = 'expense'
        and entries.fund_source in ('own', 'fiscal_basic')

    union all

    -- Margin of members in goods used, and in the depreciation of assets: no cost of the consortium either (E09, E10).
    select stock.period, stock.b_member_id, stock.a_member_id, 'COMMON', accounts.cost_element,
        stock.margin_amount - stock.unrealised_change - stock.expensed_amount
    from {{ ref('int_ledger__stock_transfer') }} as stock
    inner join {{ ref('core__account') }} as accounts on stock.cost_account = accounts.account_code
    inner join books on stock.period = books.period and stock.b_member_id = books.member_id
    inner join books as of_seller on stock.period = of_seller.period and stock.a_member_id = of_seller.member_id

    union all

    select assets.period, assets.b_member_id, assets.a_member_id, 'COMMON', accounts.cost_element, assets.correction_amount
    from {{ ref('int_ledger__asset_transfer') }} as assets
    inner join {{ ref('core__account') }} as accounts on assets.expense_account = accounts.account_code
    inner join books on assets.period = books.period and assets.b_member_id = books.member_id
    inner join books as of_seller on assets.period = of_seller.period and assets.a_member_id = of_seller.member_id
),

given as (
    select
        trace.period,
        trace.member_id as provider_member_id,
        members.member_id,
        trace.from_dept,
        trace.cost_element,
        max(trace.driver) as driver,
        sum(trace.amount) as amount
    from {{ ref('cost__allocation_trace') }} as trace
    inner join {{ ref('int_ledger__membership') }} as members
        on trace.period = members.period and trace.to_dept = 'EXT:' || members.member_id
    group by trace.period, trace.member_id, members.member_id, trace.from_dept, trace.cost_element
),

work as (
    select
        workload.period,
        workload.member_id as provider_member_id,
        workload.receiver_member_id as member_id,
        workload.sender_dept as from_dept,
        'workload:' || workload.workload_kind as driver,
        coalesce(departments.dept_code, 'COMMON') as dept_code,
        sum(workload.quantity) as quantity
    from {{ ref('stg_workload') }} as workload
    left join {{ ref('core__department') }} as departments
        on workload.period = departments.period
        and workload.receiver_member_id = departments.member_id
        and workload.receiver_dept = departments.dept_code
    where workload.receiver_member_id is not null and workload.quantity > 0
    group by
        workload.period,
        workload.member_id,
        workload.receiver_member_id,
        workload.sender_dept,
        workload.workload_kind,
        coalesce(departments.dept_code, 'COMMON')
),

shares as (
    select
        given.*,
        coalesce(work.dept_code, 'COMMON') as dept_code,
        case
            when work.quantity is null then given.amount
            else {{ money_per(
                'cast(given.amount as decimal(38, 2)) * work.quantity',
                'sum(work.quantity) over (partition by given.period, given.provider_member_id, given.member_id, given.from_dept, given.cost_element)'
            ) }}
        end as share,
        row_number() over (
            partition by given.period, given.provider_member_id, given.member_id, given.from_dept, given.cost_element
            order by work.quantity desc, work.dept_code
        ) as place
    from given
    left join work using (period, provider_member_id, member_id, from_dept, driver)
),

-- The fen that rounding leaves go to the department with the most work.
received as (
    select
        period,
        member_id,
        provider_member_id,
        dept_code,
        cost_element,
        case when place = 1 then share + amount - sum(share) over (partition by {{ key }}) else share end as amount
    from shares
)

select
    period,
    member_id,
    provider_member_id,
    dept_code,
    cost_element,
    {{ money('sum(price_amount)') }} as price_amount,
    {{ money('sum(received_amount)') }} as received_amount
from (
    select period, member_id, provider_member_id, dept_code, cost_element, amount as price_amount, 0 as received_amount
    from prices
    union all
    select period, member_id, provider_member_id, dept_code, cost_element, 0, amount
    from received
) as sides
group by period, member_id, provider_member_id, dept_code, cost_element
