-- One row per period and pair with goods transferred at a margin (E09, domain 2.6.2): the margin of the month, what the
-- buyer still holds or has not received, and the margin in it that the consortium has not earned yet.
-- Margin rate: what the seller booked as sale and as cost of it, over all months known. Held: the buyer's stock balance with
-- the seller where it keeps one; else internal receipts times the share of all its goods that is still in stock. In transit:
-- what was sold by now and is in no books of the buyer: neither on a stock account, naming the seller there or elsewhere in
-- the voucher, nor as an expense of this rule.
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
        sum(case when side = 'b' and member_id = a_member_id then amount else 0 end) as cost_amount,
        sum(case when side = 'b' and member_id = b_member_id then amount else 0 end) as expensed_amount
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

-- A voucher that names one member only, and not on the goods: they come from it.
named as (
    select facts.period, facts.member_id, facts.voucher_no, min(facts.counterparty_member_id) as counterparty_member_id
    from {{ ref('int_ledger__intercompany_fact') }} as facts
    inner join (select distinct a_member_id, b_member_id from trades) as pairs
        on facts.member_id = pairs.b_member_id and facts.counterparty_member_id = pairs.a_member_id
    where facts.leg = 'movement' and facts.voucher_no is not null
    group by facts.period, facts.member_id, facts.voucher_no
    having count(distinct facts.counterparty_member_id) = 1
),

goods_lines as (
    select period, member_id, counterparty_member_id, account_code, amount
    from {{ ref('int_ledger__intercompany_fact') }}
    where leg = 'movement' and amount > 0

    union all

    select entries.period, entries.member_id, named.counterparty_member_id, entries.account_code, entries.amount
    from {{ ref('ledger__entry') }} as entries
    inner join named
        on entries.period = named.period
        and entries.member_id = named.member_id
        and entries.voucher_no = named.voucher_no
    where entries.counterparty_member_id is null and entries.amount > 0 and not entries.is_closing
),

received as (
    select
        goods_lines.period,
        goods_lines.member_id,
        goods_lines.counterparty_member_id,
        goods_lines.account_code,
        sum(goods_lines.amount) as amount
    from goods_lines
    inner join stock_prefixes
        on goods_lines.period = stock_prefixes.period
        and left(goods_lines.account_code, length(stock_prefixes.account_prefix)) = stock_prefixes.account_prefix
    group by goods_lines.period, goods_lines.member_id, goods_lines.counterparty_member_id, goods_lines.account_code
),

receipts as (
    select period, member_id, counterparty_member_id, sum(amount) as amount
    from received
    group by period, member_id, counterparty_member_id
),

-- Months in which the buyer has books, from the first sale or receipt on, and those of a sale.
calendar as (
    select
        months.period,
        pairs.a_member_id,
        pairs.b_member_id,
        max(case when months.a_member_id is null then 1 else 0 end) as has_books
    from (
        select distinct period, member_id as b_member_id, null as a_member_id from {{ ref('int_ledger__trial_balance') }}
        union all
        select period, b_member_id, a_member_id from trades
    ) as months
    inner join (
        select trades.a_member_id, trades.b_member_id, least(min(trades.period), min(receipts.period)) as first_period
        from trades
        left join receipts
            on trades.a_member_id = receipts.counterparty_member_id and trades.b_member_id = receipts.member_id
        group by trades.a_member_id, trades.b_member_id
    ) as pairs
        on months.b_member_id = pairs.b_member_id
        and months.period >= pairs.first_period
        and coalesce(months.a_member_id, pairs.a_member_id) = pairs.a_member_id
    group by months.period, pairs.a_member_id, pairs.b_member_id
),

-- A month's margin is known where both sale and cost are booked.
running as (
    select
        calendar.period,
        calendar.a_member_id,
        calendar.b_member_id,
        calendar.has_books,
        coalesce(trades.sold_amount, 0) as sold_amount,
        coalesce(trades.cost_amount, 0) as cost_amount,
        coalesce(trades.expensed_amount, 0) as expensed_amount,
        coalesce(receipts.amount, 0) + coalesce(trades.expensed_amount, 0) as received_amount,
        sum(case when trades.cost_amount <> 0 and trades.sold_amount <> 0 then trades.sold_amount else 0 end) over to_date
            as sold_to_date,
        sum(case when trades.cost_amount <> 0 and trades.sold_amount <> 0 then trades.cost_amount else 0 end) over to_date
            as cost_to_date,
        sum(coalesce(trades.sold_amount, 0)) over to_date as all_sold_to_date,
        sum(coalesce(trades.expensed_amount, 0)) over to_date as expensed_to_date,
        sum(coalesce(receipts.amount, 0)) over to_date as received_to_date
    from calendar
    left join trades using (period, a_member_id, b_member_id)
    left join receipts
        on calendar.period = receipts.period
        and calendar.b_member_id = receipts.member_id
        and calendar.a_member_id = receipts.counterparty_member_id
    window to_date as (partition by calendar.a_member_id, calendar.b_member_id order by calendar.period)
),

-- Never more than the buyer has in stock at all; what it holds in a month without books isn't known.
held as (
    select
        running.*,
        case when running.has_books = 1 then greatest(0, case
            when kept_apart.amount is not null then
                {{ money_per(
                    'cast(kept_apart.amount as decimal(38, 2)) * least(kept_apart.amount_of_all, all_goods.closing_amount)',
                    'kept_apart.amount_of_all'
                ) }}
            else {{ money_per(
                'cast(running.received_to_date as decimal(38, 2)) * all_goods.closing_amount',
                'all_goods.first_opening + all_goods.received_to_date'
            ) }}
        end) end as known_held_amount
    from running
    left join all_goods on running.period = all_goods.period and running.b_member_id = all_goods.member_id
    left join kept_apart
        on running.period = kept_apart.period
        and running.b_member_id = kept_apart.member_id
        and running.a_member_id = kept_apart.counterparty_member_id
),

in_transit as (
    select
        held.*,
        last_value(known_held_amount ignore nulls) over (
            partition by a_member_id, b_member_id order by period rows between unbounded preceding and current row
        ) as held_amount,
        -- Goods whose sale has a cost are what a margin is known of.
        least(sold_to_date, greatest(0, all_sold_to_date - received_to_date - expensed_to_date)) as in_transit_amount,
        cost_to_date <> 0 and (sold_amount = 0) = (cost_amount = 0) as is_margin_known
    from held
),

unrealised as (
    select
        in_transit.*,
        {% for goods in ['held', 'in_transit'] -%}
        coalesce({{ money_per(
            'cast(coalesce(' ~ goods ~ '_amount, 0) as decimal(38, 2)) * (sold_to_date - cost_to_date)', 'sold_to_date'
        ) }}, 0) as {{ goods }}_margin{{ ',' if not loop.last }}
        {% endfor %}
    from in_transit
),

-- Accounts that the entries use: the seller's largest cost account of the goods, the account that the buyer received them on
-- (else its largest stock account of the first month), as they last were by the month: what comes later changes no earlier one.
cost_accounts as (
    select period, a_member_id, b_member_id, account_code
    from lines
    where side = 'b' and member_id = a_member_id
    qualify row_number() over (
        partition by period, a_member_id, b_member_id order by abs(amount) desc, account_code
    ) = 1
),

receipt_accounts as (
    select period, member_id, counterparty_member_id, account_code
    from received
    qualify row_number() over (
        partition by period, member_id, counterparty_member_id order by amount desc, account_code
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
        {% for goods in ['in_transit_amount', 'held_margin', 'in_transit_margin'] -%}
        {{ goods }} - coalesce(lag({{ goods }}) over by_month, 0) as {{ goods }}_change,
        {% endfor -%}
        last_value(cost_accounts.account_code ignore nulls) over till_month as cost_account,
        last_value(receipt_accounts.account_code ignore nulls) over till_month as receipt_account
    from unrealised
    left join cost_accounts using (period, a_member_id, b_member_id)
    left join receipt_accounts
        on unrealised.period = receipt_accounts.period
        and unrealised.b_member_id = receipt_accounts.member_id
        and unrealised.a_member_id = receipt_accounts.counterparty_member_id
    window
        by_month as (partition by unrealised.a_member_id, unrealised.b_member_id order by unrealised.period),
        till_month as (
            partition by unrealised.a_member_id, unrealised.b_member_id order by unrealised.period
            rows between unbounded preceding and current row
        )
)

select
    changes.period,
    changes.a_member_id,
    changes.b_member_id,
    {{ money('changes.sold_amount') }} as sold_amount,
    {{ money('changes.cost_amount') }} as cost_amount,
    {{ money('case when changes.is_margin_known then changes.expensed_amount else 0 end') }} as expensed_amount,
    {{ money('changes.received_amount') }} as received_amount,
    changes.is_margin_known,
    {{ money('case when changes.is_margin_known then changes.sold_amount - changes.cost_amount else 0 end') }}
        as margin_amount,
    {{ ratio('changes.sold_to_date - changes.cost_to_date', 'changes.sold_to_date') }} as margin_rate,
    {{ money('coalesce(changes.held_amount, 0)') }} as held_amount,
    {{ money('changes.in_transit_amount') }} as in_transit_amount,
    {{ money('changes.in_transit_amount_change') }} as in_transit_change,
    {{ money('changes.in_transit_margin') }} as in_transit_margin,
    {{ money('changes.in_transit_margin_change') }} as in_transit_margin_change,
    {{ money('changes.held_margin + changes.in_transit_margin') }} as unrealised_amount,
    {{ money('changes.held_margin_change + changes.in_transit_margin_change') }} as unrealised_change,
    {{ money('changes.held_margin_change') }} as held_change,
    changes.cost_account,
    coalesce(changes.receipt_account, stock_accounts.account_code, prefixes.account_prefix) as stock_account
from changes
left join stock_accounts on changes.b_member_id = stock_accounts.member_id
left join (
    select period, min(account_prefix) as account_prefix from stock_prefixes group by period
) as prefixes on changes.period = prefixes.period
where changes.sold_amount <> 0 or changes.cost_amount <> 0 or changes.expensed_amount <> 0
    or changes.held_margin <> 0 or changes.held_margin_change <> 0
    or changes.in_transit_amount <> 0 or changes.in_transit_amount_change <> 0
