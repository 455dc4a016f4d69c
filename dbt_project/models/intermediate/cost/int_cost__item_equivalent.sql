-- One row per period and item with a cost equivalent (成本当量) in force on the period's last day.
with periods as (
    select distinct period
    from {{ ref('int_cost__charge_volume') }}
)

select
    periods.period,
    items.item_code,
    max(items.equivalent) as equivalent
from periods
inner join {{ ref('items') }} as items
    on items.equivalent > 0
    and items.valid_from <= {{ month_end('periods.period') }}
    and coalesce(items.valid_to, {{ month_end('periods.period') }}) >= {{ month_end('periods.period') }}
group by periods.period, items.item_code
