-- One row per period, member and disease (three-character category of the primary diagnosis): what a discharged inpatient with it
-- costs, and what that consists of (病种成本, domain 1.10, S5-COST-02). Means are exact, half-up.
with cases as (
    select
        cases.*,
        upper(substr(trim(encounters.primary_diagnosis), 1, 3)) as disease_code
    from {{ ref('int_cost__case') }} as cases
    inner join {{ ref('int_core__encounter') }} as encounters
        on cases.member_id = encounters.member_id
        and cases.encounter_id = encounters.encounter_id
    where cases.encounter_type = 'inpatient' and nullif(trim(encounters.primary_diagnosis), '') is not null
),

names as (
    select upper(substr(code, 1, 3)) as disease_code, min_by(name, code) as disease_name
    from {{ ref('icd10') }}
    group by upper(substr(code, 1, 3))
),

diseases as (
    select
        period,
        member_id,
        disease_code,
        count(*) as cases,
        sum(los_days) as los_days,
        {% for part in ['total', 'drug', 'consumable', 'labour', 'depreciation', 'other', 'indirect', 'charge'] -%}
        {{ from_fen('sum(' ~ part ~ '_fen)') }} as {{ part }},
        {% endfor -%}
        {{ quantile_fen('total_fen', 0.5) }} as median_cost
    from cases
    group by period, member_id, disease_code
)

select
    diseases.period,
    diseases.member_id,
    members.name as member_name,
    diseases.disease_code,
    names.disease_name,
    diseases.cases,
    {{ money_per('diseases.los_days', 'diseases.cases') }} as mean_los,
    diseases.total as total_cost,
    {{ money_per('diseases.total', 'diseases.cases') }} as mean_cost,
    diseases.median_cost,
    {% for part in ['drug', 'consumable', 'labour', 'depreciation', 'other', 'indirect', 'charge'] -%}
    {{ money_per('diseases.' ~ part, 'diseases.cases') }} as mean_{{ part }}{{ ',' if not loop.last }}
    {% endfor %}
from diseases
left join names on diseases.disease_code = names.disease_code
left join {{ ref('core__member') }} as members on diseases.member_id = members.member_id
