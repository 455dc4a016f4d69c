"""One consortium per test; what can be done with it stands in `kit.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.ingest.kit import Consortium, new_consortium


@pytest.fixture
def hospital(tmp_path: Path) -> Consortium:
    return new_consortium(tmp_path / "one")
