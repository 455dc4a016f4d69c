-- One row per period, providing and buying member: the price of services between members beside what they cost the provider
-- (domain 2.6.4, transfer-pricing report). Where the provider's workload names no work for the buyer, its cost isn't known.
with prices as (
    select period, member_id, provider_member_id, sum(price_amount) as price_amount, sum(received_amount) as cost_amount,
        count(case when received_amount <> 0 then 1 end) as costed
    from {{ ref('int_ledger__internal_cost') }}
    group by period, member_id, provider_member_id
)

select
    prices.period,
    prices.provider_member_id,
    providers.name as provider_member_name,
    prices.member_id as buyer_member_id,
    buyers.name as buyer_member_name,
    {{ money('prices.price_amount') }} as price_amount,
    {{ money('case when prices.costed > 0 then prices.cost_amount end') }} as cost_amount,
    {{ money('case when prices.costed > 0 then prices.price_amount - prices.cost_amount end') }} as margin_amount,
    {{ ratio('case when prices.costed > 0 then prices.price_amount - prices.cost_amount end', 'prices.price_amount') }}
        as margin_rate
from prices
left join {{ ref('core__member') }} as providers on prices.provider_member_id = providers.member_id
left join {{ ref('core__member') }} as buyers on prices.member_id = buyers.member_id
