-- One row per appeal: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'appeals') }}
