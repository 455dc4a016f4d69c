-- One row per period, rule and parameter: the value in force on the period's last day.
-- A rule's own parameters stand in the description beside its model; one that the reference data holds is taken from there.
with periods as (
    select period from {{ ref('int_reference__period') }}
),

stated as (
    {{ stated_parameters() }}
),

parameters as (
    select rule_code, parameter, value, valid_from, valid_to from {{ ref('risk_rule_parameters') }}
    union all
    select stated.*
    from stated
    where not exists (
        select 1 from {{ ref('risk_rule_parameters') }} as own
        where stated.rule_code = own.rule_code and stated.parameter = own.parameter
    )
)

select
    periods.period,
    parameters.rule_code,
    parameters.parameter,
    parameters.value
from periods
inner join parameters
    on {{ month_end('periods.period') }} >= parameters.valid_from
    and {{ month_end('periods.period') }} <= coalesce(parameters.valid_to, {{ month_end('periods.period') }})
