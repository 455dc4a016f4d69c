-- One row per voucher line: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'gl_entries') }}
