-- One row per period, member and voucher that closes the books: it touches 3301 本期盈余 or what follows it.
select distinct
    entries.period,
    entries.member_id,
    entries.voucher_no
from {{ ref('stg_gl_entries') }} as entries
inner join {{ ref('int_ledger__account_mapping') }} as mapping
    on entries.period = mapping.period
    and entries.member_id = mapping.member_id
    and entries.account_code = mapping.local_account_code
where {{ starts_with_any('mapping.account_code', var('closing_account_prefixes')) }}
