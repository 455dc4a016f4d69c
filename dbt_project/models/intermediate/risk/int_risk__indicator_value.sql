-- One row per period, entity and KPI that the measures of performance and of the rules yield together.
{{ kpi_values(ref('int_risk__measure')) }}
