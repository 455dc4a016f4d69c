-- One row per budget line: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'budgets') }}
