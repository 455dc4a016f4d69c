-- One row per asset: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'assets') }}
