"""One row per national code and entry of the insurer's published rule lists.

Empty where CONSORTIUM_RULE_LISTS names no folder.
"""


def model(dbt, session):
    dbt.config(materialized="table")

    from pipelines.risk.lists import entries_in_force

    return entries_in_force().to_arrow()
