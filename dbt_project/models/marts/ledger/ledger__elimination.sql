-- One row per entry of the elimination journal (ELIM): period, leg, rule, pair, member and account. Consolidated figures are
-- the members' plus these; members' own ledgers are never changed. IC_DIFF is what the two sides of a pair differ by.
select
    journal.period,
    journal.leg,
    journal.rule_id,
    rules.rule_name,
    journal.a_member_id,
    side_a.name as a_member_name,
    journal.b_member_id,
    side_b.name as b_member_name,
    journal.member_id,
    case journal.member_id
        when journal.a_member_id then side_a.name
        when journal.b_member_id then side_b.name
        else '抵销账簿'
    end as member_name,
    journal.account_code,
    coalesce(accounts.account_name_zh, '内部往来差额') as account_name,
    journal.account_type,
    {{ money('greatest(journal.amount, 0)') }} as debit,
    {{ money('greatest(-journal.amount, 0)') }} as credit,
    journal.amount
from {{ ref('int_ledger__elimination') }} as journal
left join {{ elimination_rule_names() }} as rules
    on journal.period = rules.period and journal.rule_id = rules.rule_id
left join {{ ref('core__account') }} as accounts on journal.account_code = accounts.account_code
left join {{ ref('core__member') }} as side_a on journal.a_member_id = side_a.member_id
left join {{ ref('core__member') }} as side_b on journal.b_member_id = side_b.member_id
