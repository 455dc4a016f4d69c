"""Taking in what members deliver: adapter, contract, pseudonyms, lake. Pure domain code, no Dagster.

Belongs here: everything between a delivered file and accepted rows in the lake, and the outcome that every file
leaves. Does not belong here: whether a member's accepted whole is good enough for tonight (`pipelines/gates`).
"""

from pipelines.ingest.intake import take_in, waiting
from pipelines.ingest.lake import Version, versions
from pipelines.ingest.outcomes import CellFault, Outcome, Reason, Verdict

__all__ = ["CellFault", "Outcome", "Reason", "Verdict", "Version", "take_in", "versions", "waiting"]
