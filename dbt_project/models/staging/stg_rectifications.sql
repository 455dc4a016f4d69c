-- One row per rectification of a finding: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'rectifications') }}
