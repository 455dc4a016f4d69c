-- One row per leg, period, rule, pair and match: which amounts of the two sides answer each other (domain 2.6.3).
-- First by shared reference; then by pair, rule, period and equal amount; what is left is compared in total.
{% set pair = 'leg, period, rule_id, a_member_id, b_member_id' %}

with lines as (
    select * from {{ ref('int_ledger__intercompany_line') }}
),

by_reference as (
    select {{ pair }}, ic_reference
    from lines
    where ic_reference is not null
    group by {{ pair }}, ic_reference
    having count(distinct side) = 2
),

rest as (
    select
        lines.*,
        row_number() over (
            partition by {% for c in pair.split(', ') %}lines.{{ c }}, {% endfor %}lines.side, lines.own_amount
            order by lines.voucher_no, lines.line_no, lines.fact_id
        ) as occurrence
    from lines
    left join by_reference using ({{ pair }}, ic_reference)
    where by_reference.leg is null
),

by_amount as (
    select {{ pair }}, own_amount, occurrence
    from rest
    where leg = 'movement'
    group by {{ pair }}, own_amount, occurrence
    having count(distinct side) = 2
),

stepped as (
    select {{ pair }}, side, fact_id, own_amount, ic_reference, 'reference' as match_step, ic_reference as match_key
    from lines
    inner join by_reference using ({{ pair }}, ic_reference)

    union all

    select
        {{ pair }},
        side,
        fact_id,
        own_amount,
        ic_reference,
        case when by_amount.leg is not null then 'amount' else 'total' end,
        case
            when by_amount.leg is not null
                then cast(own_amount as {{ dbt.type_string() }}) || ' no. ' || cast(occurrence as {{ dbt.type_string() }})
            else '-'
        end
    from rest
    left join by_amount using ({{ pair }}, own_amount, occurrence)
)

select
    {{ pair }},
    match_step,
    match_key,
    {{ money("coalesce(sum(case side when 'a' then own_amount end), 0)") }} as a_amount,
    {{ money("coalesce(sum(case side when 'b' then own_amount end), 0)") }} as b_amount,
    count(*) as amounts,
    min(ic_reference) as first_reference
from stepped
group by {{ pair }}, match_step, match_key
