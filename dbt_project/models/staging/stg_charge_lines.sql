-- One row per charge of an encounter: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'charge_lines') }}
