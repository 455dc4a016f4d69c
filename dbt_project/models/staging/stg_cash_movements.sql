-- One row per cash movement: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'cash_movements') }}
