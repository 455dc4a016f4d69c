"""Alerts: what somebody has to answer, told once to the role that has to act, never naming a patient.

Belongs here: which conditions of the marts and of the night are alerts (`sources.yml`), remembering them over nights
(`raising`), and the digest that goes to each recipient (`digest`, `sending`). Does not belong here: the figures
themselves (the marts), who receives what (`seeds/recipients.csv`), when it is done (`pipelines/assets/alerts.py`).
"""

from __future__ import annotations

from pipelines.alerts.digest import Digest, digests
from pipelines.alerts.raising import Raised, raise_alerts
from pipelines.alerts.recipients import Recipients
from pipelines.alerts.sending import Sent, send, tell_failure
from pipelines.alerts.sources import AlertError, Condition

__all__ = [
    "AlertError", "Condition", "Digest", "Raised", "Recipients", "Sent", "digests", "raise_alerts", "send",
    "tell_failure",
]  # fmt: skip
