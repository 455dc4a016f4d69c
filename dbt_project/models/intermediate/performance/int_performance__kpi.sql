-- One row per period, entity and KPI that the measures of performance yield, with numerator, denominator and value.
{{ kpi_values(ref('int_performance__measure')) }}
