-- One row per period, member and voucher line, on the unified chart. Lines on accounts that no map knows are not here
-- but in ledger.unmapped_account. Movements of revenue and cost leave closing vouchers out (is_closing).
select
    entries.period,
    entries.member_id,
    members.name as member_name,
    entries.voucher_no,
    entries.line_no,
    entries.posting_date,
    entries.dept_code,
    departments.dept_name,
    mapping.account_code,
    accounts.account_name_zh as account_name,
    accounts.account_type,
    accounts.cost_category,
    accounts.cost_element,
    entries.account_code as local_account_code,
    entries.account_name as local_account_name,
    entries.debit,
    entries.credit,
    {{ money('entries.debit - entries.credit') }} as amount,
    entries.counterparty_member_id,
    entries.ic_reference,
    entries.ic_type,
    entries.ic_period,
    entries.fund_source,
    entries.project_code,
    entries.summary,
    closing.voucher_no is not null as is_closing,
    entries.delivery_date,
    entries.source_file,
    entries.source_row
from {{ ref('stg_gl_entries') }} as entries
inner join {{ ref('int_ledger__account_mapping') }} as mapping
    on entries.period = mapping.period
    and entries.member_id = mapping.member_id
    and entries.account_code = mapping.local_account_code
    and mapping.account_code is not null
inner join {{ ref('core__account') }} as accounts
    on mapping.account_code = accounts.account_code
left join {{ ref('int_ledger__closing_voucher') }} as closing
    on entries.period = closing.period
    and entries.member_id = closing.member_id
    and entries.voucher_no = closing.voucher_no
left join {{ ref('core__department') }} as departments
    on entries.period = departments.period
    and entries.member_id = departments.member_id
    and entries.dept_code = departments.dept_code
left join {{ ref('core__member') }} as members
    on entries.member_id = members.member_id
