-- One row per item held in a period: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'stock') }}
