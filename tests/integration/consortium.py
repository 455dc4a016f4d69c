"""One consortium's folders as a test sees them: deliver, run a night, read what was published."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines import night
from pipelines.settings import Settings
from pipelines.state import State

KEY = "a-key-for-tests-only"


@dataclass
class Consortium:
    """One consortium's folders, its settings, and what a test asks of them."""

    root: Path
    now: str = "2026-11-01T01:30:00"

    @property
    def environ(self) -> dict[str, str]:
        return {
            "CONSORTIUM_LANDING": str(self.root / "landing"),
            "CONSORTIUM_HOME": str(self.root / "home"),
            "CONSORTIUM_PUBLISHED": str(self.root / "published"),
            "CONSORTIUM_KEY": KEY,
            "CONSORTIUM_NOW": self.now,
            "YILIAN_ENV": "test",
        }

    @property
    def settings(self) -> Settings:
        return Settings.load(self.environ)

    @property
    def state(self) -> State:
        return State(self.settings.state_path)

    @property
    def current(self) -> Path:
        return self.root / "published" / "current"

    def run(self) -> night.Finished:
        """One whole night."""
        with self.environment():
            return night.run(self.settings)

    @contextmanager
    def environment(self) -> Iterator[None]:
        """The consortium's variables in this process's environment, and nobody else's."""
        before = dict(os.environ)
        for name in list(os.environ):
            if name.startswith(("CONSORTIUM_", "YILIAN_", "DAGSTER_")):
                del os.environ[name]
        os.environ.update(self.environ)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def deliver(self, member: str, on: str, files: dict[str, tuple[str, str, list[dict[str, Any]]]]) -> Path:
        """A canonical delivery by hand: {file: (extract, period, rows)}; the manifest is written last."""
        folder = self.root / "landing" / member / on
        folder.mkdir(parents=True, exist_ok=True)
        entries = []
        for name, (extract, period, rows) in files.items():
            with (folder / name).open("w", encoding="utf-8", newline="") as target:
                writer = csv.DictWriter(target, fieldnames=list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
            entries.append(
                {
                    "extract": extract,
                    "file": name,
                    "period": period,
                    "mode": "snapshot",
                    "rows": len(rows),
                    "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(),
                    "control_totals": {},
                }
            )
        manifest = {"member_id": member, "delivery_date": on, "vendor": "canonical", "files": entries}
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return folder

    def published(self, query: str) -> list[tuple[Any, ...]]:
        """Rows out of the publication, read as a BI tool would."""
        with duckdb.connect(str((self.current / "consortium.duckdb").resolve()), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def one(self, query: str) -> Any:
        ((value,),) = self.published(query)
        return value

    def standing(self, member: str) -> dict[str, Any]:
        """How a member stood last night."""
        return next(s for s in json.loads(self.state.note("standings") or "[]") if s["member_id"] == member)
