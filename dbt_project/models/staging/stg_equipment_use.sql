-- One row per use of an asset, as each side delivered it: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'equipment_use') }}
