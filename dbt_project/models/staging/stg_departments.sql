-- One row per department of a member in a period: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'departments') }}
