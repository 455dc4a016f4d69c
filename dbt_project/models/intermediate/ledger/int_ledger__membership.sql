-- One row per period with a ledger and institution that belongs to the consortium in that month: it has joined by the
-- month's last day and has not left before its first. What somebody books with a non-member is outside business.
{% set members = ref('members') %}

with periods as (
    select distinct period from {{ ref('int_ledger__account_mapping') }}
)

select periods.period, members.member_id
from periods
inner join {{ members }} as members
    on members.joined_on <= {{ month_end('periods.period') }}
    and coalesce({{ optional_column(members, 'left_on', 'members', 'date') }}, date '9999-12-31')
        >= {{ month_start('periods.period') }}
