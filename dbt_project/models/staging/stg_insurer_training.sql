-- One row per person, day and topic of insurer training: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'insurer_training') }}
