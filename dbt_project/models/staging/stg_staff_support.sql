-- One row per stay of a person at another member, as each side delivered it: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'staff_support') }}
