-- One row per local account, and counterparty where the account is internal, of a member in a period: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'trial_balance') }}
