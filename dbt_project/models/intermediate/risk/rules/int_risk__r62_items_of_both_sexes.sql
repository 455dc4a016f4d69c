-- One row per line of the minority side where one person of unknown or changing sex got items of both sexes in a year (R62).
-- Where the encounters agree on a sex, the wrong side is R60's and R52's.
with lines as (
    select
        *,
        substr(cast(charged_on as varchar), 1, 4) as calendar_year
    from {{ ref('int_risk__watched_line') }}
    where sex_limit in ('F', 'M') and not is_wrong_sex
),

sides as (
    select
        patient_id,
        calendar_year,
        sum(case when sex_limit = 'F' then 1 else 0 end) as female_lines,
        sum(case when sex_limit = 'M' then 1 else 0 end) as male_lines
    from lines
    group by patient_id, calendar_year
)

select
    'R62' as rule_code,
    lines.member_id,
    lines.encounter_id,
    lines.calendar_year || '/' || lines.sex_limit as subject,
    lines.charge_id,
    lines.charged_on as evidence_on,
    lines.amount as amount_at_risk,
    true as is_certain,
    '同一患者' || lines.calendar_year || '年既有限女性项目' || cast(sides.female_lines as varchar) || '条,又有限男性项目'
    || cast(sides.male_lines as varchar) || '条;少数一方:' || lines.item_name || '(' || lines.item_code || ')' as evidence
from lines
inner join sides on lines.patient_id = sides.patient_id and lines.calendar_year = sides.calendar_year
where sides.female_lines > 0
    and sides.male_lines > 0
    and (
        lines.sex_limit = 'F' and sides.female_lines < sides.male_lines
        or lines.sex_limit = 'M' and sides.male_lines <= sides.female_lines
    )
