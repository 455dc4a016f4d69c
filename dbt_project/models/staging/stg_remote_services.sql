-- One row per remote service, as each side delivered it: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'remote_services') }}
