-- One row per period and member with a ledger, departments or cases: what its cost can be computed from, or why not.
-- Nothing is made up: without departments there is no department cost, without a ledger no cost at all.
with ledgers as (
    select distinct period, member_id
    from {{ ref('ledger__entry') }}
    where not is_closing and account_code like '5%'
),

departments as (
    select distinct period, member_id
    from {{ ref('stg_departments') }}
),

cases as (
    select
        case_period as period,
        member_id,
        count(reported_cost) > 0 as reports_cost
    from {{ ref('int_core__encounter') }}
    where case_period is not null
    group by case_period, member_id
),

together as (
    select
        period,
        member_id,
        ledgers.member_id is not null as has_ledger,
        departments.member_id is not null as has_departments,
        coalesce(cases.reports_cost, false) as reports_cost
    from ledgers
    full join departments using (period, member_id)
    full join cases using (period, member_id)
)

select
    period,
    member_id,
    case
        when has_ledger and has_departments then 'department'
        when has_ledger then 'total'
        when reports_cost then 'reported'
        else 'none'
    end as basis,
    case
        when has_ledger and has_departments then null
        when has_ledger then 'NO_DEPARTMENTS'
        else 'NO_LEDGER'
    end as reason_code,
    case
        when has_ledger and has_departments then null
        when has_ledger then '未报送科室表，仅有总额 · delivers no departments for this period: its cost stands as totals only'
        when reports_cost then '未报送总账，采用机构自报病例成本 · delivers no ledger for this period: the case costs it reports itself are used'
        else '未报送总账 · delivers no ledger for this period'
    end as reason
from together
