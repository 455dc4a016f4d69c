-- One row per patient and chronic-care programme of a period: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'chronic_care') }}
