-- One row per rule, encounter, subject and charge line hit: all rules together, each with its facts in force on the evidence's day.
-- dbt wants the models named that this one reads: a rule of this folder that is not in the list stops the build by its name.
{%- set rules = [
    'int_risk__r01_split_admission',
    'int_risk__r02_split_across_members',
    'int_risk__r03_same_day_readmission',
    'int_risk__r04_phantom_stay',
    'int_risk__r05_visit_inside_stay',
    'int_risk__r06_overlapping_stays',
    'int_risk__r07_low_standard_admission',
    'int_risk__r08_check_up_stay',
    'int_risk__r09_invented_days',
    'int_risk__r10_charge_outside_stay',
    'int_risk__r11_visit_after_death',
    'int_risk__r12_group_admission',
    'int_risk__r13_frequent_stays',
    'int_risk__r20_unsupported_severity',
    'int_risk__r21_principal_swap',
    'int_risk__r22_operation_not_billed',
    'int_risk__r23_coding_conflict',
    'int_risk__r30_duplicate_pair',
    'int_risk__r31_over_daily_maximum',
    'int_risk__r32_price_above_limit',
    'int_risk__r33_over_window_limit',
    'int_risk__r34_more_than_24_hours',
    'int_risk__r35_unbundled_item',
    'int_risk__r36_second_operation_full_price',
    'int_risk__r37_item_under_another_name',
    'int_risk__r38_billed_beyond_stock',
    'int_risk__r39_consumable_without_operation',
    'int_risk__r40_missing_companion',
    'int_risk__r41_mark_up',
    'int_risk__r42_grade_conflict',
    'int_risk__r43_own_pay_as_insured',
    'int_risk__r50_drug_beyond_payment_limit',
    'int_risk__r51_drug_off_indication',
    'int_risk__r52_drug_wrong_sex_or_age',
    'int_risk__r53_drug_beyond_course',
    'int_risk__r54_overlapping_supply',
    'int_risk__r55_same_class_drugs',
    'int_risk__r60_item_on_wrong_sex',
    'int_risk__r61_item_outside_age',
    'int_risk__r62_items_of_both_sexes',
    'int_risk__r63_exam_without_indication',
    'int_risk__r64_excessive_examination',
    'int_risk__r66_therapy_over_daily_number',
    'int_risk__r67_more_visits_than_a_day_holds',
    'int_risk__r69_doctor_not_registered',
    'int_risk__r70_dialysis_frequency',
    'int_risk__s2_risk_16_heavier_group',
    'int_risk__s2_risk_39_substituted_bed',
    'int_risk__s2_risk_44_weekly_admissions',
    'int_risk__s2_risk_45_repeated_exam',
    'int_risk__s5_risk_01_duplicate_claim',
] %}
{%- do no_rule_left_out(rules) %}
with hits as (
    {%- for rule in rules %}
    select {{ hit_columns() | join(', ') }} from {{ ref(rule) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- The parameters that a rule was run with, as text.
parameters as (
    select
        period,
        rule_code,
        {{ joined(text_list("parameter || '=' || " ~ plain('value'))) }} as rule_parameters
    from {{ ref('int_risk__rule_parameter') }}
    group by period, rule_code
)

select
    hits.rule_code,
    rules.version as rule_version,
    parameters.rule_parameters,
    rules.name_zh as rule_name,
    rules.name_en as rule_name_en,
    rules.rule_class,
    rules.legal_basis,
    hits.member_id,
    hits.encounter_id,
    hits.subject,
    hits.charge_id,
    hits.evidence_on,
    hits.amount_at_risk,
    coalesce(hits.is_certain, rules.severity = 'certain') as is_certain,
    rules.confidence,
    rules.respond_within,
    rules.respond_unit,
    hits.evidence
from hits
inner join {{ ref('int_risk__rule') }} as rules
    on hits.rule_code = rules.rule_code
    and hits.evidence_on >= rules.valid_from
    and hits.evidence_on <= coalesce(rules.valid_to, hits.evidence_on)
left join parameters
    on hits.rule_code = parameters.rule_code and {{ month_of('hits.evidence_on') }} = parameters.period
