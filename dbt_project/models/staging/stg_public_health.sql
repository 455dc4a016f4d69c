-- One row per public-health project of a period: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'public_health') }}
