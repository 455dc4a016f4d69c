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

-- What the insurer's lists say, where the consortium says nothing of the pair.
published as (
    select
        entries.item_code,
        entries.with_item_code,
        'duplicate' as relation,
        entries.pair_window,
        items.valid_from,
        items.valid_to
    from {{ ref('int_risk__listed_item') }} as entries
    inner join {{ ref('items') }} as items on entries.item_code = items.item_code
    left join listed
        on entries.item_code = listed.item_code and entries.with_item_code = listed.with_item_code
    where entries.list_kind = 'pair' and entries.with_item_code <> entries.item_code and listed.item_code is null
),

pairs as (
    select * from listed
    union all
    select * from unlisted
    union all
    select * from published
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
