-- One row per period, statement, line and member, from the member's own ledger, before elimination. A line nothing of the
-- member adds into has no row.
select
    details.period,
    details.statement,
    lines.line_code,
    lines.line_name_zh as line_name,
    lines.line_name_en,
    lines.line_order,
    details.member_id,
    members.name as member_name,
    {{ money('sum(details.amount) * max(lines.sign)') }} as amount
from {{ ref('int_ledger__statement_detail') }} as details
inner join {{ ref('int_ledger__statement_tree') }} as tree
    on details.statement = tree.statement
    and details.line_code = tree.detail_code
inner join {{ ref('int_ledger__statement_line') }} as lines
    on tree.statement = lines.statement
    and tree.line_code = lines.line_code
inner join {{ ref('core__member') }} as members
    on details.member_id = members.member_id
group by
    details.period,
    details.statement,
    lines.line_code,
    lines.line_name_zh,
    lines.line_name_en,
    lines.line_order,
    details.member_id,
    members.name
