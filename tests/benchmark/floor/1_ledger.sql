-- What stands in force, the accounts of every line, the ledger. Read by run.py statement by statement; seeds are tables here.
create temp table month as
select distinct period, cast(period || '-01' as date) as first_day, last_day(cast(period || '-01' as date)) as last_day
from (
    select period from gl_entries union select period from encounters union select period from charge_lines
    union select strftime(charged_at, '%Y-%m') from charge_lines
);

create temp table policy_value as
with policy as (
    from policy
    union all by name
    from policy_pipeline where parameter not in (select parameter from policy)
)
select month.period, members.member_id, policy.parameter, try_cast(policy.value as decimal(18, 6)) as value
from policy
inner join month on month.last_day >= policy.valid_from and month.last_day <= coalesce(policy.valid_to, month.last_day)
inner join members
    on policy.scope_kind = 'all'
    or policy.scope_kind = 'level' and policy.scope = members.level
    or policy.scope_kind = 'role' and policy.scope = members.role
    or policy.scope_kind = 'member' and policy.scope = members.member_id
qualify row_number() over (
    partition by month.period, members.member_id, policy.parameter
    order by case policy.scope_kind when 'member' then 1 when 'role' then 2 when 'level' then 3 else 4 end, policy.valid_from desc
) = 1;

-- The longest prefix wins, then the member's own row, its vendor's, the one for all.
create temp table mapped as
with delivered as (select distinct period, member_id, account_code from gl_entries),
scopes as (
    select member_id, unnest([member_id, vendor, '*']) as scope, unnest([1, 2, 3]) as scope_order from members
),
rules as (
    select *, rtrim(local_account_pattern, '*%') as prefix from account_map
)
select delivered.period, delivered.member_id, delivered.account_code as local_code, rules.account_code
from delivered
inner join month on delivered.period = month.period
inner join scopes on delivered.member_id = scopes.member_id
inner join rules
    on scopes.scope = rules.vendor_or_member
    and left(delivered.account_code, 4) = left(rules.prefix, 4)  -- charts begin with four digits; to join on equality
    and starts_with(delivered.account_code, rules.prefix)
    and coalesce(rules.valid_from, date '1900-01-01') <= month.last_day
    and coalesce(rules.valid_to, date '9999-12-31') >= month.last_day
qualify row_number() over (
    partition by delivered.period, delivered.member_id, delivered.account_code
    order by length(rules.prefix) desc, scopes.scope_order, rules.valid_from desc, rules.account_code
) = 1;

create temp table closing as
select distinct gl_entries.period, gl_entries.member_id, gl_entries.voucher_no
from gl_entries
inner join mapped
    on gl_entries.period = mapped.period
    and gl_entries.member_id = mapped.member_id
    and gl_entries.account_code = mapped.local_code
    and left(mapped.account_code, 4) in ('3301', '3302');

create table mart.ledger.entry as
select
    gl_entries.period,
    gl_entries.member_id,
    members.name_zh as member_name,
    gl_entries.voucher_no,
    gl_entries.line_no,
    gl_entries.posting_date,
    gl_entries.dept_code,
    departments.dept_name,
    mapped.account_code,
    unified_accounts.account_name_zh as account_name,
    unified_accounts.account_type,
    unified_accounts.cost_category,
    unified_accounts.cost_element,
    gl_entries.account_code as local_account_code,
    gl_entries.account_name as local_account_name,
    gl_entries.debit,
    gl_entries.credit,
    cast(gl_entries.debit - gl_entries.credit as decimal(18, 2)) as amount,
    gl_entries.counterparty_member_id,
    gl_entries.ic_reference,
    gl_entries.ic_type,
    gl_entries.ic_period,
    gl_entries.fund_source,
    gl_entries.project_code,
    gl_entries.summary,
    closing.voucher_no is not null as is_closing,
    gl_entries.delivery_date,
    gl_entries.source_file,
    gl_entries.source_row
from gl_entries
inner join mapped
    on gl_entries.period = mapped.period
    and gl_entries.member_id = mapped.member_id
    and gl_entries.account_code = mapped.local_code
inner join unified_accounts on mapped.account_code = unified_accounts.account_code
left join closing
    on gl_entries.period = closing.period
    and gl_entries.member_id = closing.member_id
    and gl_entries.voucher_no = closing.voucher_no
left join departments
    on gl_entries.period = departments.period
    and gl_entries.member_id = departments.member_id
    and gl_entries.dept_code = departments.dept_code
left join members on gl_entries.member_id = members.member_id;
