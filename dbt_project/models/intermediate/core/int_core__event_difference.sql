-- One row per shared event and column that the two sides deliver differently. The rightful deliverer's row stands; the
-- difference is a consistency finding of the other's delivery, not a second event.
{% set events = {
    'referrals': ('referral_id', ['to_member_id', 'direction', 'referred_on', 'accepted_on', 'condition_type', 'diagnosis']),
    'equipment_use': ('use_id', ['asset_id', 'used_on', 'uses', 'minutes']),
    'remote_services': ('service_id', ['requesting_member_id', 'service_kind', 'performed_on', 'exam_income', 'diagnosis_income']),
    'exam_recognitions': ('recognition_id', ['item_code', 'recognised_on', 'outcome', 'avoided_amount']),
} %}
{% set rightful = {
    'referrals': 'from_member_id',
    'equipment_use': 'owner_member_id',
    'remote_services': 'performing_member_id',
    'exam_recognitions': 'recognising_member_id',
} %}
{% set shared = {
    'referrals': 'theirs.from_member_id = standing.from_member_id',
    'equipment_use': 'theirs.using_member_id = standing.using_member_id',
    'remote_services': 'theirs.performing_member_id = standing.performing_member_id',
    'exam_recognitions': 'theirs.source_member_id = standing.source_member_id and theirs.encounter_id = standing.encounter_id',
} %}

{% for event, (key, columns) in events.items() %}
{% set outer = loop %}
{% for column in columns %}
select
    theirs.period,
    '{{ event }}' as extract,
    theirs.{{ key }} as event_id,
    standing.{{ rightful[event] }} as rightful_member_id,
    theirs.member_id,
    '{{ column }}' as column_name,
    cast(standing.{{ column }} as {{ dbt.type_string() }}) as rightful_value,
    cast(theirs.{{ column }} as {{ dbt.type_string() }}) as own_value
from {{ ref('stg_' ~ event) }} as theirs
inner join {{ ref('int_core__' ~ event) }} as standing
    on theirs.{{ key }} = standing.{{ key }}
    and {{ shared[event] }}
    and theirs.member_id <> standing.delivered_by
where standing.delivered_by = standing.{{ rightful[event] }}
    and theirs.{{ column }} is distinct from standing.{{ column }}
{{ 'union all' if not (loop.last and outer.last) }}
{% endfor %}
{% endfor %}
