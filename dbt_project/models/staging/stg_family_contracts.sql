-- One row per family-doctor contract: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'family_contracts') }}
