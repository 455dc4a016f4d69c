-- One row per pair of items, relation and validity; of an included pair item_code is the bundle, of a needs pair the one in need.
-- What the price list says in included_in_item, without a pair of its own, counts within the day.
with listed as (
    select
        item_code,
        with_item_code,
        relation,
        "window" as pair_window,
        valid_from,
        valid_to
    from {{ ref('item_pairs') }}
),

bundles as (
    select
        items.item_code as component,
        items.valid_from,
        items.valid_to,
        {{ split_rows('items.included_in_item') }} as bundle
    from {{ ref('items') }} as items
    where items.included_in_item is not null
),

unlisted as (
    select
        trim(bundles.bundle) as item_code,
        bundles.component as with_item_code,
        'included' as relation,
        'day' as pair_window,
        bundles.valid_from,
        bundles.valid_to
    from bundles
    left join listed
        on trim(bundles.bundle) = listed.item_code
        and bundles.component = listed.with_item_code
        and listed.relation = 'included'
    where listed.item_code is null
),

pairs as (
    select * from listed
    union all
    select * from unlisted
)

select
    pairs.*,
    coalesce(
        main.mutually_exclusive_group = sub.mutually_exclusive_group and main.charge_class in ('bed', 'nursing'),
        false
    ) as is_grade_conflict,
    main.charge_class as item_class
from pairs
left join {{ ref('items') }} as main
    on pairs.item_code = main.item_code
    and pairs.valid_from >= main.valid_from
    and pairs.valid_from <= coalesce(main.valid_to, pairs.valid_from)
left join {{ ref('items') }} as sub
    on pairs.with_item_code = sub.item_code
    and pairs.valid_from >= sub.valid_from
    and pairs.valid_from <= coalesce(sub.valid_to, pairs.valid_from)
