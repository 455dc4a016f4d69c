-- One row per period, member, issue and subject: what somebody should look at in a member's books before they are relied on.
-- Nothing here changes a figure: what such a line does to the consolidated statements is said in its detail.
with membership as (
    select period, member_id from {{ ref('int_ledger__membership') }}
),

known_members as (
    select member_id from {{ ref('core__member') }}
),

counterparties as (
    select
        period,
        member_id,
        counterparty_member_id,
        sum(abs(debit - credit)) as amount,
        count(*) as lines
    from {{ ref('stg_gl_entries') }}
    where counterparty_member_id is not null
    group by period, member_id, counterparty_member_id
),

misnamed as (
    select
        counterparties.period,
        counterparties.member_id,
        case
            when counterparties.counterparty_member_id = counterparties.member_id then 'self_dealing'
            when known_members.member_id is null then 'unknown_counterparty'
            else 'counterparty_outside_consortium'
        end as issue,
        counterparties.counterparty_member_id as subject,
        counterparties.amount,
        counterparties.lines,
        cast(null as {{ dbt.type_string() }}) as extra
    from counterparties
    left join known_members on counterparties.counterparty_member_id = known_members.member_id
    left join membership
        on counterparties.period = membership.period
        and counterparties.counterparty_member_id = membership.member_id
    where membership.member_id is null or counterparties.counterparty_member_id = counterparties.member_id
),

outside as (
    select distinct mapping.period, mapping.member_id, 'outside_consortium' as issue, mapping.member_id as subject
    from {{ ref('int_ledger__account_mapping') }} as mapping
    left join membership on mapping.period = membership.period and mapping.member_id = membership.member_id
    where membership.member_id is null
),

dated as (
    select
        period,
        member_id,
        'dated_outside_period' as issue,
        voucher_no as subject,
        debit as amount,
        lines,
        cast(case when first_posted_on < {{ month_start('period') }} then first_posted_on else last_posted_on end
            as {{ dbt.type_string() }}) as extra
    from {{ ref('int_ledger__voucher') }}
    where first_posted_on < {{ month_start('period') }} or last_posted_on > {{ month_end('period') }}
),

-- Alike by hash first (few), then by day, lines and totals.
alike as (
    select period, member_id, content
    from {{ ref('int_ledger__voucher') }}
    group by period, member_id, content
    having count(*) > 1
),

repeated as (
    select
        vouchers.period,
        vouchers.member_id,
        'repeated_voucher' as issue,
        vouchers.voucher_no as subject,
        vouchers.debit as amount,
        vouchers.lines,
        min(vouchers.voucher_no) over (
            partition by vouchers.period, vouchers.member_id, vouchers.first_posted_on, vouchers.last_posted_on,
                vouchers.lines, vouchers.debit, vouchers.credit, vouchers.content
        ) as extra
    from {{ ref('int_ledger__voucher') }} as vouchers
    inner join alike using (period, member_id, content)
    qualify extra <> vouchers.voucher_no
),

closings as (
    select period, member_id, account_code, sum(closing_balance) as closing_balance
    from {{ ref('int_ledger__trial_balance') }}
    group by period, member_id, account_code
),

impossible as (
    select
        period,
        member_id,
        'impossible_balance' as issue,
        account_code as subject,
        closing_balance as amount,
        cast(null as bigint) as lines,
        cast(null as {{ dbt.type_string() }}) as extra
    from closings
    where (closing_balance < 0 and {{ starts_with_any('account_code', var('never_credit_account_prefixes')) }})
        or (closing_balance > 0 and {{ starts_with_any('account_code', var('never_debit_account_prefixes')) }})
),

mapped as (
    select
        mapping.period,
        mapping.member_id,
        mapping.local_account_code,
        accounts.account_type,
        lag(accounts.account_type) over last_month as type_before,
        lag(mapping.period) over last_month as period_before
    from {{ ref('int_ledger__account_mapping') }} as mapping
    inner join {{ ref('core__account') }} as accounts on mapping.account_code = accounts.account_code
    window last_month as (partition by mapping.member_id, mapping.local_account_code order by mapping.period)
),

retyped as (
    select
        period,
        member_id,
        'account_changed_type' as issue,
        local_account_code as subject,
        cast(null as decimal(18, 2)) as amount,
        cast(null as bigint) as lines,
        type_before || ' -> ' || account_type as extra
    from mapped
    where account_type <> type_before and left(period, 4) = left(period_before, 4)
),

everything as (
    select * from misnamed
    union all
    select period, member_id, issue, subject, null, null, null from outside
    union all
    select * from dated
    union all
    select * from repeated
    union all
    select * from impossible
    union all
    select * from retyped
)

select
    everything.period,
    everything.member_id,
    members.name as member_name,
    everything.issue,
    case everything.issue
        when 'self_dealing' then '自我往来'
        when 'unknown_counterparty' then '往来单位不存在'
        when 'counterparty_outside_consortium' then '往来单位当期不在医联体'
        when 'outside_consortium' then '当期不在医联体'
        when 'dated_outside_period' then '凭证日期不在期间内'
        when 'repeated_voucher' then '疑似重复凭证'
        when 'impossible_balance' then '余额方向异常'
        when 'account_changed_type' then '科目年内改变类别'
    end as issue_name,
    everything.subject,
    {{ money('everything.amount') }} as amount,
    everything.lines,
    case everything.issue
        when 'self_dealing' then '本单位与自身往来，不作内部业务抵销；请更正往来单位 · names itself as counterparty: not eliminated'
        when 'unknown_counterparty' then '成员名单中没有该单位，按外部业务列示 · no such member: shown as outside business'
        when 'counterparty_outside_consortium'
            then '该单位当期尚未加入或已退出，按外部业务列示 · not a member in this month: shown as outside business'
        when 'outside_consortium' then '尚未加入或已退出，其账务不进入合并 · not a member in this month: its books are not consolidated'
        when 'dated_outside_period' then '按交付期间入账，凭证日期 ' || everything.extra || ' · booked in the month it was delivered for'
        when 'repeated_voucher' then '与凭证 ' || everything.extra || ' 日期、科目、金额相同 · same day, lines and amounts as that voucher'
        when 'impossible_balance' then '该科目期末不应出现此方向余额 · an account that cannot close on this side'
        when 'account_changed_type' then everything.extra || '：年内比较失真，请从年初启用映射 · map it from the start of the year'
    end as detail
from everything
left join {{ ref('core__member') }} as members on everything.member_id = members.member_id
