"""A landing area, a home and a clock for one consortium, and hands to deliver with.

`hospital` is told in the words of the domain: deliver files on a date, run the night's intake, look at outcomes
and at what stands in the lake.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import contract
from pipelines.ingest import Outcome, take_in, versions
from pipelines.settings import Settings
from pipelines.state import State

DAY = "2026-10-31"
PERIOD = "2026-10"

Row = Mapping[str, str]


def gl_rows(vouchers: int = 100, amount: str = "100.00") -> list[dict[str, str]]:
    """Balanced vouchers of two lines each."""
    base = {
        "posting_date": "2026-10-15", "account_name": "业务活动费用", "dept_code": "0301", "counterparty_member_id": "",
        "ic_reference": "", "ic_type": "", "ic_period": "", "fund_source": "own", "project_code": "", "summary": "购药",
    }  # fmt: skip
    lines = []
    for n in range(vouchers):
        lines.append({"voucher_no": f"V{n:05d}", "line_no": "1", **base, "account_code": "5001",
                      "debit": amount, "credit": "0.00"})  # fmt: skip
        lines.append({"voucher_no": f"V{n:05d}", "line_no": "2", **base, "account_code": "1002",
                      "debit": "0.00", "credit": amount})  # fmt: skip
    return lines


def charge_rows(lines: int = 100) -> list[dict[str, str]]:
    """Charge lines of 12.50 x 2."""
    return [
        {"charge_id": f"C{n:05d}", "encounter_id": f"E{n // 10:04d}", "charged_at": "2026-10-15 08:30:00",
         "item_code": "110200001", "item_name": "普通门诊诊查费", "charge_class": "treatment", "quantity": "2",
         "unit_price": "12.5000", "amount": "25.00", "ordering_dept": "0301", "executing_dept": "0301",
         "doctor_id": f"D{n % 7}", "in_insurance_catalog": "true"}
        for n in range(lines)
    ]  # fmt: skip


def as_csv(rows: Iterable[Row], columns: Iterable[str] | None = None) -> bytes:
    """Rows as canonical CSV."""
    rows = list(rows)
    names = list(columns or rows[0])
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def entry(extract: str, file: str, content: bytes, rows: int, /, **said: Any) -> dict[str, Any]:
    """A manifest's entry that describes the content rightly, but for what `said` overrides."""
    right = {
        "extract": extract, "file": file, "period": PERIOD, "mode": "snapshot", "rows": rows,
        "sha256": hashlib.sha256(content).hexdigest(), "control_totals": {},
    }  # fmt: skip
    return right | said


@dataclass
class Consortium:
    """One consortium on disk."""

    settings: Settings
    state: State
    now: datetime = datetime(2026, 11, 1, 1, 30)
    said: list[str] = field(default_factory=list)

    def folder(self, member: str = "H01", day: str = DAY) -> Path:
        return self.settings.landing / member / day

    def lay(self, files: Mapping[str, bytes], entries: list[dict[str, Any]] | bytes | None, *, member: str = "H01",
            day: str = DAY, vendor: str = "canonical", **said: Any) -> None:  # fmt: skip
        """Lays files and, last, a manifest: entries, raw bytes, or none at all."""
        folder = self.folder(member, day)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        if entries is None:
            return
        whole = {"member_id": member, "delivery_date": day, "vendor": vendor, "files": entries} | said
        raw = entries if isinstance(entries, bytes) else json.dumps(whole, ensure_ascii=False).encode()
        (folder / "manifest.json").write_bytes(raw)

    def deliver(self, extract: str, rows: Iterable[Row], /, *, member: str = "H01", day: str = DAY,
                file: str | None = None, **said: Any) -> None:  # fmt: skip
        """Delivers one right extract; a second one of the same day is added to the manifest."""
        rows = list(rows)
        spec = contract.load().extracts[extract]
        content = as_csv(rows, spec.columns)
        name = file or f"{extract}.csv"
        totals = {c: str(sum(Decimal(r[c]) for r in rows)) for c in spec.control_totals}
        said = {"control_totals": totals} | said
        path = self.folder(member, day) / "manifest.json"
        before = json.loads(path.read_text())["files"] if path.exists() else []
        before = [e for e in before if (e["file"], e["extract"]) != (name, extract)]
        mine = entry(extract, name, content, len(rows), **said)
        self.lay({name: content}, [*before, mine], member=member, day=day)

    def night(self, members: list[str] | None = None) -> list[Outcome]:
        """Takes in what is new."""
        settings = self.settings.model_copy(update={"now": self.now})
        return take_in(settings, self.state, members, on_progress=self.said.append)

    def rows(self, extract: str, member: str = "H01", period: str = PERIOD) -> pl.DataFrame:
        """What is newest in the lake; an empty frame where nothing is."""
        for version in versions(self.settings, self.state):
            if (version.extract, version.member_id, version.period) == (extract, member, period):
                return pl.read_parquet(version.path)
        return pl.DataFrame(schema=contract.load().extracts[extract].polars_schema())

    def quarantine(self) -> list[dict[str, Any]]:
        """All listed bad cells."""
        paths = [row["path"] for row in self.state.rows("select path from quarantine_file order by path")]
        return [row for path in paths for row in pl.read_parquet(self.settings.home / path).to_dicts()]

    def close_period(self, period: str, status: str = "closed") -> None:
        row = {"period": period, "status": status, "changed_at": "2026-11-01", "changed_by": "t", "reason": "t"}
        self.state.put("period_status", [row])


def new_consortium(folder: Path) -> Consortium:
    """A consortium of the project's own reference data in a folder of its own."""
    settings = Settings.load({
        "CONSORTIUM_LANDING": str(folder / "landing"), "CONSORTIUM_HOME": str(folder / "home"),
        "CONSORTIUM_KEY": "a key for tests", "CONSORTIUM_NOW": "2026-11-01T01:30:00",
    })  # fmt: skip
    return Consortium(settings, State(settings.state_path))
