-- One row per period, rule, leg, pair, member and account of the elimination journal (the ledger ELIM). Member ledgers are
-- never changed: consolidated = sum of members + ELIM. Every internal amount leaves its own line; where the sides differ,
-- the difference goes to the visible account IC_DIFF (E12, where both sides book: to its own), so each rule's entries balance. Debit positive.
{% set pair = 'leg, period, rule_id, a_member_id, b_member_id' %}

with booked as (
    select {{ pair }}, side, member_id, account_code, sum(amount) as amount
    from {{ ref('int_ledger__intercompany_line') }}
    group by {{ pair }}, side, member_id, account_code
),

-- The margin in goods sold to a member (E09): realised, it goes out of cost; in goods still held, out of the buyer's stock;
-- in goods that nobody has received, to IC_DIFF. What the buyer expensed at once is its cost, no second one of the seller's.
margins as (
    select
        stock.period,
        stock.a_member_id,
        stock.b_member_id,
        case legs.entry when 'cost' then stock.cost_account else stock.stock_account end as account_code,
        case legs.entry
            when 'cost' then stock.unrealised_change - stock.margin_amount + stock.expensed_amount
            else -stock.held_change
        end as amount
    from {{ ref('int_ledger__stock_transfer') }} as stock
    cross join (select 'cost' as entry union all select 'stock') as legs
    where stock.cost_account is not null
),

-- The gain in the cost of an asset sold by a member (E10): it goes out once both have booked the sale, each month a part of it
-- comes back with the buyer's depreciation, and the rest when the asset goes: cost and depreciation were the gain too high.
depreciation as (
    select
        assets.period,
        assets.a_member_id,
        assets.b_member_id,
        case legs.entry
            when 'cost' then assets.asset_account
            when 'depreciation' then assets.depreciation_account
            when 'expense' then assets.expense_account
            else assets.disposal_account
        end as account_code,
        case legs.entry
            when 'cost' then
                assets.cost_release - case when assets.period = assets.start_period then assets.gain_amount else 0 end
            when 'depreciation' then assets.correction_amount - (assets.cost_release - assets.released_amount)
            when 'expense' then -assets.correction_amount
            else -assets.released_amount
        end as amount
    from {{ ref('int_ledger__asset_transfer') }} as assets
    cross join (
        select 'cost' as entry union all select 'depreciation' union all select 'expense' union all select 'disposal'
    ) as legs
),

entries as (
    -- Of a capped rule only side a: the other one's asset stays, less what is too much in its cost.
    select {{ pair }}, member_id, account_code, -amount as amount
    from booked
    where not (side = 'b' and rule_id in ('{{ var("capped_rules") | join("', '") }}'))

    union all

    select 'movement', period, '{{ var("stock_transfer_rule") }}', a_member_id, b_member_id, b_member_id, account_code, amount
    from margins

    union all

    select 'movement', period, '{{ var("asset_sale_rule") }}', a_member_id, b_member_id, b_member_id, account_code, amount
    from depreciation
),

reversed_lines as (
    select {{ pair }}, member_id, account_code, {{ money('sum(amount)') }} as amount
    from entries
    group by {{ pair }}, member_id, account_code
    having sum(amount) <> 0
),

-- Whether a rule moves revenue and expense, or what stands on the statement of financial position.
typed as (
    select reversed_lines.*, accounts.account_type
    from reversed_lines
    inner join {{ ref('core__account') }} as accounts using (account_code)
),

-- A margin whose goods or asset the buyer has not booked is no income: it stands beside the claim that nobody answers.
differences as (
    select
        {{ pair }},
        case
            when rule_id = '{{ var("asset_sale_rule") }}' or max(stock.sold_amount) is not null then 'financial_position'
            when max(case when account_type in ('revenue', 'expense') then 1 else 0 end) = 1 then 'revenue_expense'
            when max(case when account_type in ('asset', 'liability', 'net_asset') then 1 else 0 end) = 1
                then 'financial_position'
            else 'budget_execution'
        end as statement,
        {{ money('-sum(amount)') }} as amount
    from typed
    left join (
        select 'movement' as leg, '{{ var("stock_transfer_rule") }}' as rule_id, period, a_member_id, b_member_id, sold_amount
        from {{ ref('int_ledger__stock_transfer') }}
        where is_margin_known
    ) as stock using ({{ pair }})
    group by {{ pair }}
)

select
    {{ pair }},
    member_id,
    account_code,
    account_type,
    amount
from typed

union all

-- What earlier periods set aside for members goes out against accumulated surplus (E03, its other leg).
select
    'balance',
    period,
    rule_id,
    member_id,
    counterparty_member_id,
    member_id,
    account_code,
    account_type,
    {{ money('-earlier_amount') }}
from {{ ref('int_ledger__earlier_allowance') }}

union all

select
    'balance',
    period,
    rule_id,
    member_id,
    counterparty_member_id,
    member_id,
    '{{ var("accumulated_surplus_account") }}',
    'net_asset',
    {{ money('sum(earlier_amount)') }}
from {{ ref('int_ledger__earlier_allowance') }}
group by period, rule_id, member_id, counterparty_member_id

union all

select
    {% for c in pair.split(', ') %}differences.{{ c }},
    {% endfor -%}
    'ELIM',
    coalesce(rules.difference_account, 'IC_DIFF'),
    case when rules.difference_account is null then differences.statement else accounts.account_type end,
    differences.amount
from differences
left join {{ ref('int_ledger__intercompany_pair') }} as pairs using ({{ pair }})
left join (
    select distinct period, rule_id, leg, difference_account from {{ ref('int_ledger__elimination_side') }}
) as rules
    on differences.period = rules.period
    and differences.rule_id = rules.rule_id
    and differences.leg = rules.leg
    and pairs.explained_amount <> 0
left join {{ ref('core__account') }} as accounts on rules.difference_account = accounts.account_code
where differences.amount <> 0
