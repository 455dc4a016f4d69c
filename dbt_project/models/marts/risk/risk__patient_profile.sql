-- One row per month and person whose use of care stands out: visits, members, stays and drug money far beyond other people of the month.
-- Compared with everybody of the month in the same age band, with a stay or without one; only who is flagged is kept. A person is a pseudonym (S2-PLAT-02).
with parameters as (
    select * from {{ rule_parameters('S2-RISK-49', ['least_peers', 'least_distance', 'least_visits', 'least_members']) }}
),

drugs as (
    select prescriptions.member_id, prescriptions.encounter_id, count(*) as prescriptions
    from {{ ref('stg_prescriptions') }} as prescriptions
    group by prescriptions.member_id, prescriptions.encounter_id
),

used as (
    select
        cases.period,
        cases.patient_id,
        max(cases.age_years) as age_years,
        count(case when cases.is_inpatient then 1 end) as stays,
        count(case when not cases.is_inpatient then 1 end) as visits,
        count(distinct cases.member_id) as members,
        sum(coalesce(drugs.prescriptions, 0)) as prescriptions,
        sum(coalesce(cases.settled_charge, 0)) as amount
    from {{ ref('int_risk__case') }} as cases
    left join drugs on cases.member_id = drugs.member_id and cases.encounter_id = drugs.encounter_id
    group by cases.period, cases.patient_id
),

banded as (
    select
        *,
        case when age_years < 18 then '18岁以下' when age_years < 60 then '18至59岁' else '60岁及以上' end as age_band,
        stays > 0 as has_stay,
        ln(1 + cast(amount as double)) as log_amount
    from used
),

middle as (
    select period, age_band, has_stay, median(log_amount) as median_amount, count(*) as peers
    from banded
    where amount > 0
    group by period, age_band, has_stay
),

spread as (
    select
        banded.period,
        banded.age_band,
        banded.has_stay,
        greatest(1.4826 * median(abs(banded.log_amount - middle.median_amount)), 0.1) as spread
    from banded
    inner join middle
        on banded.period = middle.period and banded.age_band = middle.age_band and banded.has_stay = middle.has_stay
    where banded.amount > 0
    group by banded.period, banded.age_band, banded.has_stay
),

judged as (
    select
        banded.*,
        middle.peers,
        middle.median_amount,
        (banded.log_amount - middle.median_amount) / spread.spread as distance,
        banded.visits >= parameters.least_visits as is_frequent,
        banded.members >= parameters.least_members as is_shopping,
        coalesce(
            middle.peers >= parameters.least_peers
            and (banded.log_amount - middle.median_amount) / spread.spread >= parameters.least_distance, false
        ) as is_dear
    from banded
    inner join parameters on banded.period = parameters.period
    left join middle
        on banded.period = middle.period and banded.age_band = middle.age_band and banded.has_stay = middle.has_stay
    left join spread
        on banded.period = spread.period and banded.age_band = spread.age_band and banded.has_stay = spread.has_stay
)

select
    period,
    patient_id,
    age_band,
    cast(visits as bigint) as visits,
    cast(stays as bigint) as stays,
    cast(members as bigint) as members,
    cast(prescriptions as bigint) as prescriptions,
    {{ money('amount') }} as amount,
    peers,
    cast(distance as decimal(18, 6)) as distance,
    concat_ws(
        ';',
        case when is_frequent then '本月就诊' || visits || '次' end,
        case when is_shopping then '本月在' || members || '家机构就医' end,
        case when is_dear then '费用为同年龄段' || case when has_stay then '住院' else '门诊' end || peers || '人中位数的' || round(exp(log_amount - median_amount), 1) || '倍' end
    ) as explanation
from judged
where is_frequent or is_shopping or is_dear
