-- One row per period, member and measure of exam recognition: results presented and results recognised (S1-PERF-03), by the
-- member that recognised or repeated.
with presented as (
    select
        period,
        recognising_member_id as member_id,
        count(*) as recognisable_exams,
        sum(case when outcome = 'recognised' then 1 else 0 end) as recognised_exams
    from {{ ref('int_core__exam_recognitions') }}
    where recognising_member_id is not null
    group by period, recognising_member_id
)

{{ long_measures('presented', ['recognisable_exams', 'recognised_exams'], has_department=false) }}
