-- One row per sender, receiver and kind of work of a period: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'workload') }}
