{# Identities of the cost marts that the generic tests can't say: each returns the rows that break it. #}

{#
  Domain 1.6 rule 5: what ends in clinical departments, with what nobody could place and what went to other members, is what
  arose, element by element, to the fen.
#}
{% test conserves_allocation(model, trace) %}
with ends as (
    select
        period,
        member_id,
        cost_element,
        sum(direct_amount) as direct_amount,
        sum(case when dept_class in ('clinical', 'unallocated') then full_amount else 0 end) as ended
    from {{ model }}
    group by period, member_id, cost_element
),

outside as (
    select period, member_id, cost_element, sum(amount) as amount
    from {{ trace }}
    where to_dept like 'EXT:%'
    group by period, member_id, cost_element
)

select ends.*, outside.amount as outside
from ends
left join outside
    on ends.period = outside.period
    and ends.member_id = outside.member_id
    and ends.cost_element = outside.cost_element
where ends.ended + coalesce(outside.amount, 0) <> ends.direct_amount
{% endtest %}

{# What a member's departments received and passed on is what the trace carries, element by element. #}
{% test trace_explains_departments(model, trace) %}
with moved as (
    select period, member_id, to_dept as dept_code, cost_element, amount as received, 0 as passed_on
    from {{ trace }}
    union all
    select period, member_id, from_dept, cost_element, 0, amount
    from {{ trace }}
),

explained as (
    select period, member_id, dept_code, cost_element, sum(received) as received, sum(passed_on) as passed_on
    from moved
    group by period, member_id, dept_code, cost_element
)

select departments.*
from {{ model }} as departments
left join explained
    on departments.period = explained.period
    and departments.member_id = explained.member_id
    and departments.dept_code = explained.dept_code
    and departments.cost_element = explained.cost_element
where
    departments.full_amount <> departments.direct_amount + coalesce(explained.received, 0)
    or departments.passed_on_amount <> coalesce(explained.passed_on, 0)
{% endtest %}

{#
  E_DRV_ZERO: what no driver could place stays below the policy share of the member's cost (domain 1.6 rules 4 and 6).
  It reads int_reference__policy, no seed: a selection that leaves seeds out leaves out every test that touches one.
#}
{% test unallocated_within_tolerance(model) %}
with totals as (
    select
        period,
        member_id,
        sum(case when dept_class = 'unallocated' then full_amount else 0 end) as unallocated,
        sum(direct_amount) as total
    from {{ model }}
    group by period, member_id
)

select totals.*, policy.value as unallocated_cost_tolerance
from totals
left join {{ ref('int_reference__policy') }} as policy
    on totals.period = policy.period
    and totals.member_id = policy.member_id
    and policy.parameter = 'unallocated_cost_tolerance'
where totals.unallocated <> 0 and abs(totals.unallocated) > abs(totals.total) * coalesce(policy.value, 0)
{% endtest %}

{# Domain 1.3: 医院全成本 + 5201 + 5801 = all 5xxx of the period, net, to the fen. #}
{% test hospital_full_cost_meets_ledger(model, ledger, basis) %}
with scopes as (
    select period, member_id, sum(amount) as amount
    from {{ model }}
    where cost_scope = 'hospital_full'
    group by period, member_id
),

expenses as (
    select
        entries.period,
        entries.member_id,
        sum(entries.amount) as amount,
        sum(case when {{ starts_with_any('entries.account_code', ['5201', '5801']) }} then entries.amount else 0 end) as outside
    from {{ ledger }} as entries
    inner join {{ basis }} as basis
        on entries.period = basis.period
        and entries.member_id = basis.member_id
        and basis.basis = 'department'
    where not entries.is_closing and entries.account_code like '5%'
    group by entries.period, entries.member_id
)

select
    expenses.period,
    expenses.member_id,
    coalesce(scopes.amount, 0) as hospital_full,
    expenses.outside,
    expenses.amount as ledger_amount
from expenses
left join scopes
    on expenses.period = scopes.period
    and expenses.member_id = scopes.member_id
where coalesce(scopes.amount, 0) + expenses.outside <> expenses.amount
{% endtest %}

{# The costs of closed cases are what the reconciliation says was closed, plus what their other months cost. #}
{% test cases_meet_reconciliation(model, reconciliation) %}
with cases as (
    select period, member_id, sum(total_cost - cost_of_other_months) as amount
    from {{ model }}
    where method <> 'reported'
    group by period, member_id
)

select months.period, months.member_id, months.closed_cases, cases.amount
from {{ reconciliation }} as months
left join cases
    on months.period = cases.period
    and months.member_id = cases.member_id
where months.closed_cases <> coalesce(cases.amount, 0)
{% endtest %}

{# The items of a department use up its service pool by every way of costing them, to the fen (domain 1.9). #}
{% test item_costs_use_up_pools(model, pools) %}
with items as (
    select period, member_id, executing_dept, method, sum(total_cost) as amount
    from {{ model }}
    group by period, member_id, executing_dept, method
)

select pools.period, pools.member_id, pools.pool_code, items.method, pools.total_fen, items.amount
from {{ pools }} as pools
inner join items
    on pools.period = items.period
    and pools.member_id = items.member_id
    and pools.pool_code = items.executing_dept
where items.amount <> {{ from_fen('pools.total_fen') }}
{% endtest %}

{# What each cost layer's departments kept, outside and unallocated among them, is what arose in it, element by element (domain 1.6). #}
{% test conserves_layers(model) %}
select period, member_id, cost_layer, cost_element, sum(direct_fen) as direct_fen, sum(full_fen - passed_on_fen) as kept_fen
from {{ model }}
group by period, member_id, cost_layer, cost_element
having sum(direct_fen) <> sum(full_fen - passed_on_fen)
{% endtest %}
