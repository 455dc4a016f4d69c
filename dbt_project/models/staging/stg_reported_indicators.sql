-- One row per indicator reported by a department or a whole member: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'reported_indicators') }}
