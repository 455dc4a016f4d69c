-- One row per night, department and bed tier: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'bed_census') }}
