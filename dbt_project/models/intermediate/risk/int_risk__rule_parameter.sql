-- One row per period, rule and parameter: the value in force on the period's last day.
with periods as (
    select period from {{ ref('int_reference__period') }}
)

select
    periods.period,
    parameters.rule_code,
    parameters.parameter,
    parameters.value
from periods
inner join {{ ref('risk_rule_parameters') }} as parameters
    on {{ month_end('periods.period') }} >= parameters.valid_from
    and {{ month_end('periods.period') }} <= coalesce(parameters.valid_to, {{ month_end('periods.period') }})
