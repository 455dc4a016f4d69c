"""The publication in Postgres: the same marts in schemas of the same names, each row seen by those it belongs to.

Belongs here: everything that speaks to Postgres. Does not belong here: which publication is made when
(`publish.publication`).

A publication is loaded beside the one that is read, into schemas `<area>__<number>`; it is verified there against the
files; then all schemas are renamed in one transaction. A connection that breaks before that leaves readers where they
were.
"""

from pipelines.publish.postgres.access import AccessError
from pipelines.publish.postgres.compare import compare
from pipelines.publish.postgres.server import connect
from pipelines.publish.postgres.stage import stage
from pipelines.publish.postgres.switch import live_publication, switch

__all__ = ["AccessError", "compare", "connect", "live_publication", "stage", "switch"]
