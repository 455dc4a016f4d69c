-- One row per period, member and voucher: its totals, its days, and a hash of what it books (the order of lines and the
-- voucher's own number left out).
select
    period,
    member_id,
    voucher_no,
    count(*) as lines,
    {{ money('sum(debit)') }} as debit,
    {{ money('sum(credit)') }} as credit,
    min(posting_date) as first_posted_on,
    max(posting_date) as last_posted_on,
    sum(cast({{ row_hash([
        'account_code', "coalesce(dept_code, '')", "coalesce(counterparty_member_id, '')", "coalesce(ic_reference, '')",
        'debit', 'credit', 'summary',
    ]) }} as decimal(38, 0))) as content
from {{ ref('stg_gl_entries') }}
group by period, member_id, voucher_no
