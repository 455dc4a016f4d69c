-- One row per charge line whose name is that of another item of the catalogue, and hardly like that of the item it is billed as (R37).
-- A name that no item bears (a brand, a code, a short form) says nothing.
with named as (
    select distinct member_id, item_code, item_name from {{ ref('int_core__charge') }}
),

others as (
    select
        named.member_id,
        named.item_code,
        named.item_name,
        own.item_name as own_name,
        own.valid_from as own_from,
        own.valid_to as own_to,
        other.item_code as other_code,
        other.valid_from as other_from,
        other.valid_to as other_to,
        other.max_price_tertiary,
        other.max_price_secondary,
        other.max_price_primary,
        {{ name_likeness('named.item_name', 'own.item_name') }} as likeness
    from named
    inner join {{ ref('items') }} as own on named.item_code = own.item_code
    inner join {{ ref('items') }} as other on trim(named.item_name) = other.item_name and named.item_code <> other.item_code
    where trim(named.item_name) <> own.item_name
),

lines as (
    select
        charges.*,
        others.own_name,
        others.other_code,
        case charges.member_level
            when 'tertiary' then others.max_price_tertiary
            when 'secondary' then others.max_price_secondary
            else others.max_price_primary
        end as other_price
    from {{ ref('int_risk__charge') }} as charges
    inner join others
        on charges.member_id = others.member_id
        and charges.item_code = others.item_code
        and charges.item_name = others.item_name
        and charges.charged_on between others.own_from and coalesce(others.own_to, charges.charged_on)
        and charges.charged_on between others.other_from and coalesce(others.other_to, charges.charged_on)
    inner join {{ rule_parameters('R37', ['max_likeness']) }} as bounds
        on {{ month_of('charges.charged_on') }} = bounds.period and others.likeness < bounds.max_likeness
    where charges.quantity > 0
    qualify row_number() over (partition by charges.member_id, charges.charge_id order by others.other_code) = 1
)

select
    'R37' as rule_code,
    member_id,
    encounter_id,
    item_code || '>' || other_code || '@' || cast(charged_on as varchar) as subject,
    charge_id,
    charged_on as evidence_on,
    {{ money("case when other_price is null then amount else greatest(unit_price - other_price, 0) * quantity end") }} as amount_at_risk,
    false as is_certain,
    '按' || own_name || '(' || item_code || ')收费' || {{ plain('amount') }} || '元,而收费名称为' || item_name || ',是另一项目('
    || other_code || ')的名称,疑似串换项目' as evidence
from lines
