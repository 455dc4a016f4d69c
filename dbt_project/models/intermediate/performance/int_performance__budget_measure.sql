-- One row per period, member and measure of the budget: target cost (S1-BUD-02) and the actual cost of what was budgeted
-- (S1-COST-10, TC-07). Of a line the highest version approved in time counts: by the last day of its month. Purchases of equipment and construction
-- are no cost. Cost finds its category by the longest prefix (budget_map); what a member did not budget stands on neither side. Budgets name
-- departments only for what they set apart for them, so departments take no part. A member without a ledger in the month has no row.
with lines as (
    select
        cast(fiscal_year as {{ dbt.type_string() }}) || '-' || right('0' || cast(month as {{ dbt.type_string() }}), 2) as period,
        member_id,
        budget_line_id,
        budget_category,
        amount,
        version,
        approved_on,
        period as delivered_period,
        delivery_date
    from {{ ref('stg_budgets') }}
    where budget_category not in ('equipment', 'construction')
),

versions as (
    select
        *,
        row_number() over (
            partition by period, member_id, budget_line_id
            order by version desc, delivered_period desc, delivery_date desc
        ) as preference
    from lines
    where approved_on <= {{ month_end('period') }}
),

targets as (
    select period, member_id, budget_category, sum(amount) as target_cost
    from versions
    where preference = 1
    group by period, member_id, budget_category
),

spent as (
    select period, member_id, account_code, sum(amount) as amount
    from {{ ref('ledger__entry') }}
    where account_type = 'expense' and not is_closing
    group by period, member_id, account_code
),

prefixes as (
    select budget_category, {{ split_rows('cast(account_prefixes as ' ~ dbt.type_string() ~ ')') }} as account_prefix
    from {{ ref('budget_map') }}
),

categories as (
    select
        accounts.account_code,
        prefixes.budget_category,
        row_number() over (partition by accounts.account_code order by length(prefixes.account_prefix) desc) as preference
    from (select distinct account_code from spent) as accounts
    inner join prefixes on left(accounts.account_code, length(prefixes.account_prefix)) = prefixes.account_prefix
),

actuals as (
    select spent.period, spent.member_id, categories.budget_category, sum(spent.amount) as actual_cost
    from spent
    inner join categories on spent.account_code = categories.account_code and categories.preference = 1
    group by spent.period, spent.member_id, categories.budget_category
),

compared as (
    select
        targets.period,
        targets.member_id,
        sum(targets.target_cost) as target_cost,
        sum(coalesce(actuals.actual_cost, 0)) as actual_cost
    from targets
    inner join (select distinct period, member_id from spent) as books
        on targets.period = books.period and targets.member_id = books.member_id
    left join actuals
        on targets.period = actuals.period
        and targets.member_id = actuals.member_id
        and targets.budget_category = actuals.budget_category
    group by targets.period, targets.member_id
)

{{ long_measures('compared', ['target_cost', 'actual_cost'], has_department=false) }}
