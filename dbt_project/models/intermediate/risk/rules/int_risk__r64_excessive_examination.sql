-- One row per line of a panel of tumour markers on one day without a tumour among the diagnoses, and per CT or MRI of the same kind
-- repeated on the same person within days (R64, S2-RISK-47).
with lines as (
    select watched.*, cases.period, cases.primary_diagnosis
    from {{ ref('int_risk__watched_line') }} as watched
    inner join {{ ref('int_risk__case') }} as cases
        on watched.member_id = cases.member_id and watched.encounter_id = cases.encounter_id
    where watched.item_group in ('tumour_marker', 'ct_mri')
),

bounds as (
    select * from {{ rule_parameters('R64', ['min_markers', 'repeat_days']) }}
),

tumours as (
    select distinct diagnoses.member_id, diagnoses.encounter_id
    from {{ ref('stg_diagnoses') }} as diagnoses
    inner join (select distinct member_id, encounter_id from lines where item_group = 'tumour_marker') as concerned
        on diagnoses.member_id = concerned.member_id and diagnoses.encounter_id = concerned.encounter_id
    inner join {{ ref('risk_item_groups') }} as groups
        on groups.item_group = 'tumour_marker' and {{ has_prefix_of('diagnoses.icd10', 'groups.indication_icd_prefixes') }}
    union
    select lines.member_id, lines.encounter_id
    from lines
    inner join {{ ref('risk_item_groups') }} as groups
        on groups.item_group = 'tumour_marker' and {{ has_prefix_of('lines.primary_diagnosis', 'groups.indication_icd_prefixes') }}
    where lines.item_group = 'tumour_marker'
),

panels as (
    select
        lines.member_id,
        lines.encounter_id,
        lines.charged_on,
        count(distinct lines.item_code) as markers
    from lines
    left join tumours on lines.member_id = tumours.member_id and lines.encounter_id = tumours.encounter_id
    where lines.item_group = 'tumour_marker' and tumours.encounter_id is null
    group by lines.member_id, lines.encounter_id, lines.charged_on
),

repeats as (
    select
        later.member_id,
        later.encounter_id,
        later.charge_id,
        later.charged_on,
        later.item_code,
        later.item_name,
        later.amount,
        max(earlier.charged_on) as earlier_on
    from lines as later
    inner join bounds on later.period = bounds.period
    inner join lines as earlier
        on later.member_id = earlier.member_id
        and later.patient_id = earlier.patient_id
        and later.item_code = earlier.item_code
        and earlier.charged_on < later.charged_on
        and {{ days_between('earlier.charged_on', 'later.charged_on') }} <= bounds.repeat_days
    where later.item_group = 'ct_mri'
    group by all
)

select
    'R64' as rule_code,
    lines.member_id,
    lines.encounter_id,
    'markers@' || cast(lines.charged_on as varchar) as subject,
    lines.charge_id,
    lines.charged_on as evidence_on,
    lines.amount as amount_at_risk,
    false as is_certain,
    cast(lines.charged_on as varchar) || '一次检查' || cast(panels.markers as varchar) || '项肿瘤标志物,本次就诊没有肿瘤诊断,疑似套餐式过度检查' as evidence
from lines
inner join bounds on lines.period = bounds.period
inner join panels
    on lines.member_id = panels.member_id
    and lines.encounter_id = panels.encounter_id
    and lines.charged_on = panels.charged_on
    and panels.markers >= bounds.min_markers
where lines.item_group = 'tumour_marker'
union all
select
    'R64' as rule_code,
    member_id,
    encounter_id,
    item_code || '@' || cast(charged_on as varchar) as subject,
    charge_id,
    charged_on as evidence_on,
    amount as amount_at_risk,
    false as is_certain,
    '检查' || item_name || '(' || item_code || ')于' || cast(charged_on as varchar) || '重复进行,上一次为' || cast(earlier_on as varchar)
    || ',疑似短期重复检查' as evidence
from repeats
