-- One row per item and set of items that are looked at together: a main item and all its partners, the members of an exclusive
-- group, the drugs of a class.
-- `bucket` is where they have to meet; windows of hours or days meet within the person and are measured later.
select
    item_code,
    relation || ':' || item_code || '/' || pair_window as set_id,
    'main' as part,
    case when pair_window in ('day', 'visit') then pair_window else 'person' end as bucket
from {{ ref('int_risk__item_pair') }}
union
select
    with_item_code as item_code,
    relation || ':' || item_code || '/' || pair_window as set_id,
    'sub' as part,
    case when pair_window in ('day', 'visit') then pair_window else 'person' end as bucket
from {{ ref('int_risk__item_pair') }}
union
select
    item_code,
    item_group as set_id,
    item_code as part,
    'day' as bucket
from {{ ref('int_risk__item') }}
where item_group like 'drug_class%'
union
select
    item_code,
    'group:' || mutually_exclusive_group as set_id,
    item_code as part,
    'visit_day' as bucket
from {{ ref('items') }}
where mutually_exclusive_group is not null
