"""A large CSV streams through the ingest: peak memory stays under half a gigabyte whatever its size.

Run with `pytest tests/benchmark/test_ingest_memory.py`; the folder is not part of the plain test run.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = 500_000
LIMIT_MB = 500

TAKE_IN = """
import json, resource, sys, time
from pipelines.ingest import take_in
from pipelines.settings import Settings
from pipelines.state import State
settings = Settings.load()
started = time.perf_counter()
outcomes = take_in(settings, State(settings.state_path))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
print(json.dumps({
    "seconds": round(time.perf_counter() - started, 1), "cpu": round(time.process_time(), 1), "peak_mb": round(peak),
    "outcomes": [[o.outcome, o.reason_code, o.rows_accepted] for o in outcomes],
}))
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


@pytest.mark.parametrize("megabytes", [200, 2000])
def test_a_large_csv_streams(tmp_path: Path, megabytes: int) -> None:
    folder = tmp_path / "landing" / "H01" / "2026-10-31"
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
    done = subprocess.run(
        [sys.executable, "-c", TAKE_IN], cwd=ROOT, check=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CONSORTIUM_LANDING": str(tmp_path / "landing"),
             "CONSORTIUM_HOME": str(tmp_path / "home"), "CONSORTIUM_KEY": "k"},
    )  # fmt: skip
    result = json.loads(done.stdout)
    print(f"{path.stat().st_size / 10**6:.0f} MB, {rows} rows: {result}")
    assert result["outcomes"] == [["accepted", "accepted", rows]]
    assert result["peak_mb"] < LIMIT_MB
