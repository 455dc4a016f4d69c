"""Who is told of an alert, and over which channel.

Belongs here: reading `recipients.csv` of the reference data in force. Does not belong here: sending.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Recipient:
    """A role, and the environment variable that holds its channel (one or more Apprise URLs)."""

    role: str
    channel_env: str


@dataclass(frozen=True)
class Recipients:
    """Recipients by area and severity (S2-RISK-34: yellow to the department's specialist and the performance office;
    S2-RISK-35: red to the vice-president in charge)."""

    rows: Mapping[tuple[str, str], tuple[Recipient, ...]]

    @classmethod
    def load(cls, reference_dir: Path) -> Recipients:
        """Recipients of a folder of reference data (`reference.overlay` makes one that is checked)."""
        found: dict[tuple[str, str], tuple[Recipient, ...]] = {}
        with (reference_dir / "recipients.csv").open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                key = (row["area"], row["severity"])
                found[key] = (*found.get(key, ()), Recipient(row["recipient_role"], row["channel_url_env"]))
        return cls(found)

    def of(self, area: str, severity: str) -> tuple[Recipient, ...]:
        """Who is told; empty where the file names nobody."""
        return self.rows.get((area, severity), ())

    def channels(self) -> dict[str, tuple[str, ...]]:
        """The variables of each role's channels."""
        by_role: dict[str, dict[str, None]] = {}
        for row in self.rows.values():
            for recipient in row:
                by_role.setdefault(recipient.role, {})[recipient.channel_env] = None
        return {role: tuple(names) for role, names in by_role.items()}
