-- One row per insurance settlement of an encounter: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'settlements') }}
