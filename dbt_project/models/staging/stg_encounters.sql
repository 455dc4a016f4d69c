-- One row per encounter and period in which it was delivered: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'encounters') }}
