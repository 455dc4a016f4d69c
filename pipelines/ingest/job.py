"""One file to take in, and everything it is judged by.

Belongs here: the job itself and the adapters that a run's jobs share. Not here: doing it (`file.py`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from threading import Lock

from pipelines.contract import Contract, load
from pipelines.ingest.adapter import ADAPTERS, Adapter, load_adapter
from pipelines.ingest.deliveries import Delivery, Entry, Manifest
from pipelines.ingest.rules import Rules
from pipelines.settings import Settings


class Adapters:
    """The vendors' adapters, each read once a run.

    Args:
        settings: the consortium's own folder of adapters comes first.
        contract: the extracts that adapters speak of.
    """

    def __init__(self, settings: Settings, contract: Contract) -> None:
        self.folders = [settings.adapters, ADAPTERS] if settings.adapters else [ADAPTERS]
        self._contract = contract
        self._read: dict[str, Adapter] = {}
        self._lock = Lock()

    def of(self, vendor: str) -> Adapter:
        """The adapter of a vendor.

        Raises:
            Unreadable: nobody knows the vendor.
            AdapterError: its file says something impossible.
        """
        with self._lock:
            if vendor not in self._read:
                self._read[vendor] = load_adapter(vendor, self.folders, self._contract)
            return self._read[vendor]

    def fingerprint(self) -> str:
        """Digest of all adapters: a file that an old one could not read is tried with a new one."""
        digest = hashlib.sha256()
        for file in (file for folder in self.folders for file in sorted(folder.glob("*.yml"))):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Job:
    """A file to take in, and everything it is judged by."""

    delivery: Delivery
    manifest: Manifest
    entry: Entry
    settings: Settings
    rules: Rules
    adapters: Adapters
    key: bytes = field(repr=False)
    in_time: bool
    contract: Contract = field(default_factory=load, repr=False)

    @property
    def mine(self) -> tuple[str, str, str, str]:
        """Key of the outcome: member, date, file, extract."""
        return (self.delivery.member_id, self.delivery.delivery_date.isoformat(), self.entry.file, self.entry.extract)

    def size(self) -> int:
        """Bytes of the file; 0 where it isn't there."""
        try:
            return (self.delivery.folder / self.entry.file).stat().st_size
        except OSError:
            return 0
