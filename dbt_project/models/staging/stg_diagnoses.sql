-- One row per diagnosis of an encounter: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'diagnoses') }}
