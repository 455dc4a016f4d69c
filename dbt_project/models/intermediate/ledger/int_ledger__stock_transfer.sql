-- One row per period and pair with goods transferred at a margin (E09, domain 2.6.2): the margin of the month, what the
-- buyer still holds, and the margin in it that the consortium has not earned yet.
-- Margin rate: what the seller booked as sale and as cost of it, over all months known. Held: the buyer's stock balance with
-- the seller where it keeps one; else internal receipts times the share of all its goods that is still in stock.
{% set rule = var('stock_transfer_rule') %}

with lines as (
    select period, a_member_id, b_member_id, member_id, side, account_code, sum(own_amount) as amount
    from {{ ref('int_ledger__intercompany_line') }}
    where leg = 'movement' and rule_id = '{{ rule }}'
    group by period, a_member_id, b_member_id, member_id, side, account_code
),

trades as (
    select
        period,
        a_member_id,
        b_member_id,
        sum(case side when 'a' then amount else 0 end) as sold_amount,
        sum(case when side = 'b' and member_id = a_member_id then amount else 0 end) as cost_amount
    from lines
    group by period, a_member_id, b_member_id
),

-- What the trial balance and the vouchers hold on stock accounts (the rule's second credit side).
in_force as (
    select periods.period, rules.also_credit
    from (select distinct period from {{ ref('int_ledger__trial_balance') }}) as periods
    inner join {{ ref('elimination_rules') }} as rules
        on rules.rule_id = '{{ rule }}' and {{ in_force('rules', 'periods.period') }}
),

stock_prefixes as (
    select period, {{ split_rows('also_credit') }} as account_prefix
    from in_force
),

stock_balances as (
    select
        balances.period,
        balances.member_id,
        balances.counterparty_member_id,
        balances.account_code,
        balances.opening_balance,
        balances.debit,
        balances.closing_balance
    from {{ ref('int_ledger__trial_balance') }} as balances
    inner join stock_prefixes
        on balances.period = stock_prefixes.period
        and left(balances.account_code, length(stock_prefixes.account_prefix)) = stock_prefixes.account_prefix
),

all_goods as (
    select
        period,
        member_id,
        sum(closing_balance) as closing_amount,
        first_value(sum(opening_balance)) over (partition by member_id order by period) as first_opening,
        sum(sum(debit)) over (partition by member_id order by period) as received_to_date
    from stock_balances
    group by period, member_id
),

kept_apart as (
    select
        period,
        member_id,
        counterparty_member_id,
        sum(closing_balance) as amount,
        sum(sum(closing_balance)) over (partition by period, member_id) as amount_of_all
    from stock_balances
    where counterparty_member_id is not null
    group by period, member_id, counterparty_member_id
),

received as (
    select facts.period, facts.member_id, facts.counterparty_member_id, facts.account_code, sum(facts.amount) as amount
    from {{ ref('int_ledger__intercompany_fact') }} as facts
    inner join stock_prefixes
        on facts.period = stock_prefixes.period
        and left(facts.account_code, length(stock_prefixes.account_prefix)) = stock_prefixes.account_prefix
    where facts.leg = 'movement' and facts.amount > 0
    group by facts.period, facts.member_id, facts.counterparty_member_id, facts.account_code
),

receipts as (
    select period, member_id, counterparty_member_id, sum(amount) as amount
    from received
    group by period, member_id, counterparty_member_id
),

-- Months in which the buyer has books: what it holds in another isn't known.
calendar as (
    select books.period, pairs.a_member_id, pairs.b_member_id
    from (select distinct period, member_id from {{ ref('int_ledger__trial_balance') }}) as books
    inner join (
        select a_member_id, b_member_id, min(period) as first_period from trades group by a_member_id, b_member_id
    ) as pairs
        on books.member_id = pairs.b_member_id and books.period >= pairs.first_period
),

running as (
    select
        calendar.period,
        calendar.a_member_id,
        calendar.b_member_id,
        coalesce(trades.sold_amount, 0) as sold_amount,
        coalesce(trades.cost_amount, 0) as cost_amount,
        sum(case when trades.cost_amount <> 0 then trades.sold_amount else 0 end) over to_date as sold_to_date,
        sum(case when trades.cost_amount <> 0 then trades.cost_amount else 0 end) over to_date as cost_to_date,
        sum(coalesce(receipts.amount, 0)) over to_date as received_to_date
    from calendar
    left join trades using (period, a_member_id, b_member_id)
    left join receipts
        on calendar.period = receipts.period
        and calendar.b_member_id = receipts.member_id
        and calendar.a_member_id = receipts.counterparty_member_id
    window to_date as (partition by calendar.a_member_id, calendar.b_member_id order by calendar.period)
),

-- Never more than the buyer has in stock at all.
held as (
    select
        running.*,
        greatest(0, case
            when kept_apart.amount is not null then
                {{ money_per(
                    'cast(kept_apart.amount as decimal(38, 2)) * least(kept_apart.amount_of_all, all_goods.closing_amount)',
                    'kept_apart.amount_of_all'
                ) }}
            else {{ money_per(
                'cast(running.received_to_date as decimal(38, 2)) * all_goods.closing_amount',
                'all_goods.first_opening + all_goods.received_to_date'
            ) }}
        end) as held_amount
    from running
    left join all_goods on running.period = all_goods.period and running.b_member_id = all_goods.member_id
    left join kept_apart
        on running.period = kept_apart.period
        and running.b_member_id = kept_apart.member_id
        and running.a_member_id = kept_apart.counterparty_member_id
),

unrealised as (
    select
        held.*,
        coalesce({{ money_per(
            'cast(coalesce(held.held_amount, 0) as decimal(38, 2)) * (held.sold_to_date - held.cost_to_date)', 'held.sold_to_date'
        ) }}, 0) as unrealised_amount
    from held
),

-- Accounts that the entries use: the seller's largest cost account of the goods, the account that the buyer received them on
-- (else its largest stock account), of the first month that has one: what comes later changes no earlier month.
cost_accounts as (
    select a_member_id, b_member_id, account_code
    from lines
    where side = 'b' and member_id = a_member_id
    qualify row_number() over (
        partition by a_member_id, b_member_id order by period, abs(amount) desc, account_code
    ) = 1
),

receipt_accounts as (
    select member_id, counterparty_member_id, account_code
    from received
    qualify row_number() over (
        partition by member_id, counterparty_member_id order by period, amount desc, account_code
    ) = 1
),

stock_accounts as (
    select member_id, account_code
    from stock_balances
    qualify row_number() over (
        partition by member_id order by period, abs(closing_balance) desc, account_code
    ) = 1
),

changes as (
    select
        unrealised.*,
        unrealised_amount - coalesce(
            lag(unrealised_amount) over (partition by a_member_id, b_member_id order by period), 0
        ) as unrealised_change
    from unrealised
)

select
    changes.period,
    changes.a_member_id,
    changes.b_member_id,
    {{ money('changes.sold_amount') }} as sold_amount,
    {{ money('changes.cost_amount') }} as cost_amount,
    {{ money('case when changes.cost_amount <> 0 then changes.sold_amount - changes.cost_amount else 0 end') }}
        as margin_amount,
    {{ ratio('changes.sold_to_date - changes.cost_to_date', 'changes.sold_to_date') }} as margin_rate,
    {{ money('coalesce(changes.held_amount, 0)') }} as held_amount,
    {{ money('changes.unrealised_amount') }} as unrealised_amount,
    {{ money('changes.unrealised_change') }} as unrealised_change,
    cost_accounts.account_code as cost_account,
    coalesce(
        receipt_accounts.account_code, stock_accounts.account_code,
        prefixes.account_prefix
    ) as stock_account
from changes
left join cost_accounts
    on changes.a_member_id = cost_accounts.a_member_id and changes.b_member_id = cost_accounts.b_member_id
left join receipt_accounts
    on changes.b_member_id = receipt_accounts.member_id and changes.a_member_id = receipt_accounts.counterparty_member_id
left join stock_accounts on changes.b_member_id = stock_accounts.member_id
left join (
    select period, min(account_prefix) as account_prefix from stock_prefixes group by period
) as prefixes on changes.period = prefixes.period
where changes.sold_amount <> 0 or changes.cost_amount <> 0 or changes.unrealised_amount <> 0
    or changes.unrealised_change <> 0
