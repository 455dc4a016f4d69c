"""The ledger's own domain code: workbooks of statements, suggestions for accounts, what a close keeps.

Belongs here: what a finance office asks of the ledger beside the marts. Does not belong here: figures (the models of
`dbt_project/models/{intermediate,marts}/ledger`), the state of a close (`pipelines/ingest/periods.py`).
"""
