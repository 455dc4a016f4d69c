-- One row per period, member, counter account and counterparty: what moved cash and bank, seen from the other side of the
-- voucher. Of a voucher that touches cash every other line is its reason; they sum to the cash movement, sign turned.
with cash_vouchers as (
    select distinct period, member_id, voucher_no
    from {{ ref('ledger__entry') }}
    where {{ starts_with_any('account_code', var('cash_account_prefixes')) }}
)

select
    entries.period,
    entries.member_id,
    entries.account_code,
    entries.counterparty_member_id,
    {{ money('sum(entries.amount)') }} as amount
from {{ ref('ledger__entry') }} as entries
inner join cash_vouchers
    on entries.period = cash_vouchers.period
    and entries.member_id = cash_vouchers.member_id
    and entries.voucher_no = cash_vouchers.voucher_no
where not ({{ starts_with_any('entries.account_code', var('cash_account_prefixes') + ['6', '7', '8']) }})
group by entries.period, entries.member_id, entries.account_code, entries.counterparty_member_id
