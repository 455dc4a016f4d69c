"""A large CSV streams through the ingest: peak memory stays under half a gigabyte whatever its size.

Run with `pytest tests/benchmark/test_ingest_memory.py`; the folder is not part of the plain test run.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmark import big_csv


@pytest.mark.parametrize("megabytes", [200, big_csv.MEGABYTES])
def test_a_large_csv_streams(tmp_path: Path, megabytes: int) -> None:
    result = big_csv.measured(tmp_path, megabytes)
    print(result)
    assert result["outcomes"] == [["accepted", "accepted", result["rows"]]]
    assert result["peak_mb"] < big_csv.LIMIT_MB
