"""The three gates of a night, and the guard that every consumer asks.

Belongs here: what is checked, how it is judged, who is held back, and whether a gate is open. Does not belong here:
the figures themselves (dbt), the taking in of files (`ingest`), the Dagster layer around it (`checks/`).
"""

from pipelines.gates.guard import GateClosed, closes, require_open
from pipelines.gates.measure import Check, GateError, Measured, load_checks, measure
from pipelines.gates.verdict import ERROR, FAILED, NOT_APPLICABLE, PASSED, Verdict, judge, record

__all__ = [
    "ERROR",
    "FAILED",
    "NOT_APPLICABLE",
    "PASSED",
    "Check",
    "GateClosed",
    "GateError",
    "Measured",
    "Verdict",
    "closes",
    "judge",
    "load_checks",
    "measure",
    "record",
    "require_open",
]
