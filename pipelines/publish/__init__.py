"""Publication: what BI tools and people open in the morning, made whole or not at all.

Belongs here: reading finished marts out of the warehouse, writing them as DuckDB, Parquet, Postgres and a static
site, the hash chain over them, and the way back (rollback, recovery drill). Does not belong here: any figure that
is not in a mart yet, and the decision whether a night may publish (`pipelines.gates`).
"""

from pipelines.publish.chain import Break, verify
from pipelines.publish.drill import Drill, drill, log_drill
from pipelines.publish.errors import NotPublished, PublicationError
from pipelines.publish.publication import Publication, publications, publish, rollback

__all__ = [
    "Break",
    "Drill",
    "NotPublished",
    "Publication",
    "PublicationError",
    "drill",
    "log_drill",
    "publications",
    "publish",
    "rollback",
    "verify",
]
