-- One row per survey: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'surveys') }}
