-- One row per procedure of an encounter: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'procedures') }}
