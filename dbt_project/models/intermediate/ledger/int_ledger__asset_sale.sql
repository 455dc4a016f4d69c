-- One row per internal asset sale (E10, domain 2.6.2): gain and month of the sale, and where the buyer books the asset.
-- The buyer's entry is that of the same document in any month; where one of them says none, that of the same month, else of one
-- beside it. The first one known wins, so that no month rests on a later one. Until then the gain stands on IC_DIFF,
-- from then on (start_period) it is inside the asset's cost, at most as much as the buyer booked.
{% set rule = var('asset_sale_rule') %}
{% set sale = 'a_member_id, b_member_id, ic_reference' %}

with lines as (
    select
        period,
        a_member_id,
        b_member_id,
        side,
        coalesce(ic_reference, '-') as ic_reference,
        account_code,
        sum(own_amount) as amount
    from {{ ref('int_ledger__intercompany_line') }}
    where leg = 'movement' and rule_id = '{{ rule }}'
    group by period, a_member_id, b_member_id, side, coalesce(ic_reference, '-'), account_code
),

gains as (
    select period, {{ sale }}, sum(amount) as gain
    from lines
    where side = 'a'
    group by period, {{ sale }}
),

receipts as (
    select
        period,
        a_member_id,
        b_member_id,
        ic_reference,
        account_code,
        sum(amount) over (partition by period, {{ sale }}) as amount
    from lines
    where side = 'b'
    qualify row_number() over (partition by period, {{ sale }} order by lines.amount desc, account_code) = 1
),

candidates as (
    select
        gains.period as transfer_period,
        gains.a_member_id,
        gains.b_member_id,
        gains.ic_reference,
        gains.gain,
        receipts.period as arrival_period,
        receipts.ic_reference as receipt_reference,
        receipts.account_code as asset_account,
        receipts.amount as receipt_amount,
        greatest(gains.period, receipts.period) as start_period,
        case when gains.ic_reference = receipts.ic_reference then 0 else 1 end as unlikeness
    from gains
    inner join receipts using (a_member_id, b_member_id)
    -- Whose asset it is already: the same document's gain, or in another month any gain.
    left join gains as others
        on receipts.a_member_id = others.a_member_id
        and receipts.b_member_id = others.b_member_id
        and (receipts.ic_reference <> gains.ic_reference or receipts.ic_reference = '-')
        and (
            (receipts.ic_reference <> '-' and receipts.ic_reference = others.ic_reference and others.period <= gains.period)
            or (receipts.period <> gains.period and receipts.period = others.period)
        )
    where receipts.amount > 0
        and others.period is null
        and case
            when '-' in (gains.ic_reference, receipts.ic_reference) then receipts.period in (
                gains.period, {{ month_add('gains.period', -1) }}, {{ month_add('gains.period', 1) }}
            )
            else gains.ic_reference = receipts.ic_reference
        end
),

arrived as (
    select *
    from candidates
    qualify row_number() over (
        partition by transfer_period, {{ sale }} order by start_period, unlikeness, arrival_period desc, receipt_reference
    ) = 1
),

placed as (
    select
        arrived.*,
        case
            when gain < 0 then gain
            else greatest(0, least(gain, receipt_amount - coalesce(sum(greatest(gain, 0)) over (
                partition by arrival_period, a_member_id, b_member_id, receipt_reference
                order by start_period, transfer_period, ic_reference
                rows between unbounded preceding and 1 preceding
            ), 0)))
        end as gain_amount
    from arrived
)

select
    gains.period as transfer_period,
    gains.a_member_id,
    gains.b_member_id,
    gains.ic_reference,
    {{ money('gains.gain') }} as sale_gain_amount,
    placed.arrival_period,
    placed.start_period,
    placed.receipt_reference,
    placed.asset_account,
    {{ money('coalesce(placed.gain_amount, 0)') }} as gain_amount
from gains
left join placed
    on gains.period = placed.transfer_period
    and gains.a_member_id = placed.a_member_id
    and gains.b_member_id = placed.b_member_id
    and gains.ic_reference = placed.ic_reference
