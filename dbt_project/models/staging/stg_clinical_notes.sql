-- One row per clinical note: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'clinical_notes') }}
