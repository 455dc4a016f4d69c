-- One row per encounter and night: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'bed_days') }}
