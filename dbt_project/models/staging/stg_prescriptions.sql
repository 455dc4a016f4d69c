-- One row per prescription line: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'prescriptions') }}
