-- One row per period, member and closed case: what all its months cost, in fen. A case belongs to the month of its discharge
-- (inpatient) or start; what its earlier months cost was work in progress until then.
-- The member's own figure stands in only where it delivers no ledger (method reported).
with months as (
    select
        member_id,
        encounter_id,
        period as cost_period,
        charge_fen,
        {% for part in ['drug', 'consumable', 'labour', 'depreciation', 'other', 'indirect', 'total', 'ratio_check', 'charged_goods'] -%}
        {{ part }}_fen{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_cost__case_month') }}
),

closed as (
    select
        encounters.case_period as period,
        encounters.member_id,
        encounters.encounter_id,
        encounters.encounter_type,
        encounters.dept_code,
        encounters.los_days,
        encounters.care_path,
        encounters.has_complication,
        {{ to_fen('encounters.reported_cost') }} as reported_fen,
        basis.basis,
        methods.method
    from {{ ref('int_core__encounter') }} as encounters
    inner join {{ ref('int_cost__basis') }} as basis
        on encounters.case_period = basis.period
        and encounters.member_id = basis.member_id
        and basis.basis in ('department', 'reported')
    left join {{ ref('int_cost__method') }} as methods
        on encounters.case_period = methods.period
        and encounters.member_id = methods.member_id
),

costed as (
    select
        closed.period,
        closed.member_id,
        closed.encounter_id,
        closed.encounter_type,
        closed.dept_code,
        closed.los_days,
        closed.care_path,
        closed.has_complication,
        closed.basis,
        closed.method,
        closed.reported_fen,
        {% for part in ['charge', 'drug', 'consumable', 'labour', 'depreciation', 'other', 'indirect', 'total', 'ratio_check', 'charged_goods'] -%}
        cast(sum(months.{{ part }}_fen) as bigint) as {{ part }}_fen,
        {% endfor -%}
        cast(sum(case when months.cost_period = closed.period then months.total_fen else 0 end) as bigint) as this_month_fen
    from closed
    left join months
        on closed.member_id = months.member_id
        and closed.encounter_id = months.encounter_id
    group by all
)

select
    period,
    member_id,
    encounter_id,
    encounter_type,
    dept_code,
    los_days,
    care_path,
    has_complication,
    charge_fen,
    {% for part in ['drug', 'consumable', 'labour', 'depreciation', 'other', 'indirect'] -%}
    case when basis = 'department' then {{ part }}_fen end as {{ part }}_fen,
    {% endfor -%}
    case when basis = 'department' then total_fen else reported_fen end as total_fen,
    case when basis = 'department' then this_month_fen else reported_fen end as this_month_fen,
    case when basis = 'department' then ratio_check_fen end as ratio_check_fen,
    case when basis = 'department' then charged_goods_fen end as charged_goods_fen,
    case when basis = 'department' then method else 'reported' end as method
from costed
where (basis = 'department' and total_fen is not null) or (basis = 'reported' and reported_fen is not null)
