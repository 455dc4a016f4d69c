"""The CHS-DRG grouper: national grouping tables and coded cases in, MDC, ADRG and DRG out.

Belongs here: reading the tables of `CONSORTIUM_DRG_TABLES` (tables), their rule expressions (conditions), grouping many
cases at once (group), and what a delivered code is held against in the night (regroup). Does not belong here: the
tables themselves, weights and payment (`seeds/drg.csv`, models of payment), who is accused of what (models of risk).
"""

from pipelines.grouper.group import RESULT, Reason, group
from pipelines.grouper.regroup import REGROUPED, regroup
from pipelines.grouper.tables import GroupingTables, TablesError, tables_in_force

__all__ = ["REGROUPED", "RESULT", "GroupingTables", "Reason", "TablesError", "group", "regroup", "tables_in_force"]
