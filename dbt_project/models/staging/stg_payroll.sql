-- One row per person on a payroll of a period: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'payroll') }}
