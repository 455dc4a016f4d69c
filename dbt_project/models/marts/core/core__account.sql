-- One row per account of the unified chart (政府会计制度 with the hospital and primary-care supplements).
select
    account_code,
    account_name_zh,
    account_name_en,
    account_type,
    parent_code,
    cost_category,
    cost_element,
    is_intercompany,
    statement_line
from {{ ref('unified_accounts') }}
