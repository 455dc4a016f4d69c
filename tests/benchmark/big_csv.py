"""A large CSV through the ingest: peak memory stays under half a gigabyte whatever the file's size.

Here: the file, written in a stream, and the ingest of it in a fresh process. Not here: judging it (report,
test_ingest_memory).
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import polars as pl

from tests.benchmark.measured import measure

BLOCK = 500_000
LIMIT_MB = 500
MEGABYTES = 2000

TAKE_IN = """
import json
from pipelines.ingest import take_in
from pipelines.settings import Settings
from pipelines.state import State
settings = Settings.load()
outcomes = take_in(settings, State(settings.state_path))
print(json.dumps([[o.outcome, o.reason_code, o.rows_accepted] for o in outcomes]))
"""


def charge_lines(first: int, rows: int) -> pl.DataFrame:
    """Charge lines number `first` to `first + rows`; about 130 bytes each as CSV."""
    n = pl.int_range(first, first + rows, eager=True).alias("n").to_frame()
    quantity, cents = pl.col("n") % 9 + 1, pl.col("n") * 7919 % 90_000 + 1
    return n.select(
        charge_id=pl.format("H01C{}", pl.col("n") + 10**9), encounter_id=pl.format("H01E{}", pl.col("n") // 10 + 10**7),
        charged_at=pl.format("2026-10-{} 08:30:00", (pl.col("n") % 28 + 1).cast(pl.String).str.zfill(2)),
        item_code=pl.format("1102{}", pl.col("n") % 500 + 10_000),
        item_name=pl.format("收费项目{}", pl.col("n") % 500), charge_class=pl.lit("treatment"), quantity=quantity,
        unit_price=pl.format("{}.{}", cents // 100, (cents % 100).cast(pl.String).str.zfill(2)),
        amount=pl.format("{}.{}", cents * quantity // 100, (cents * quantity % 100).cast(pl.String).str.zfill(2)),
        ordering_dept=pl.format("03{}", pl.col("n") % 30), executing_dept=pl.format("04{}", pl.col("n") % 20),
        doctor_id=pl.format("D{}", pl.col("n") % 300), in_insurance_catalog=pl.lit("true"),
    )  # fmt: skip


def deliver(landing: Path, megabytes: int) -> tuple[int, int]:
    """One delivery of one CSV of at least this size. Returns its rows and bytes."""
    folder = landing / "H01" / "2026-10-31"
    folder.mkdir(parents=True)
    path, rows = folder / "charge_lines.csv", 0
    with path.open("wb") as handle:
        while handle.tell() < megabytes * 10**6:
            charge_lines(rows, BLOCK).write_csv(handle, include_header=rows == 0)
            rows += BLOCK
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    said = {"extract": "charge_lines", "file": path.name, "period": "2026-10", "mode": "snapshot", "rows": rows}
    manifest = {"member_id": "H01", "delivery_date": "2026-10-31", "vendor": "canonical"}
    (folder / "manifest.json").write_text(json.dumps(manifest | {"files": [said | {"sha256": digest}]}))
    return rows, path.stat().st_size


def measured(root: Path, megabytes: int = MEGABYTES) -> dict[str, Any]:
    """Delivers and takes in a CSV in `root`. Returns rows, bytes, outcome and what it took."""
    rows, size = deliver(root / "landing", megabytes)
    environ = {
        "CONSORTIUM_LANDING": str(root / "landing"),
        "CONSORTIUM_HOME": str(root / "home"),
        "CONSORTIUM_KEY": "k",
    }
    taken = measure([sys.executable, "-c", TAKE_IN], environ, root / "take_in.log")
    return {
        "megabytes": round(size / 10**6), "rows": rows, "outcomes": json.loads(taken.said), "seconds": taken.wall,
        "cpu": taken.cpu, "peak_mb": taken.peak_mb, "limit_mb": LIMIT_MB, "load": taken.load,
    }  # fmt: skip
