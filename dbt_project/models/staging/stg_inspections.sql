-- One row per inspection finding: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'inspections') }}
