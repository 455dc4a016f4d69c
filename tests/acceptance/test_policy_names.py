"""Every parameter that the rules name is in the project's policy, with the same scope, unit and value."""

from __future__ import annotations

import csv
import os
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines import reference

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("YILIAN_SHARED_DATA", ROOT.parent / "shared" / "data"))
NAMES = SHARED.parent / "spec" / "rules" / "policy-names.csv"
OWN = ("project", "domain")


def same(left: str, right: str) -> bool:
    try:
        return Decimal(left) == Decimal(right)
    except ArithmeticError:
        return left == right


@pytest.mark.skipif(not NAMES.exists(), reason=f"the rules' list of parameters is not at {NAMES}")
def test_every_named_parameter_is_there_as_named() -> None:
    stated = {
        name: {
            (row["parameter"], row["scope_kind"], row["scope"]): row
            for row in reference.read(ROOT / "seeds", name)
            if not row["valid_to"]
        }
        for name in ("policy", "policy_pipeline")
    }
    with NAMES.open(encoding="utf-8", newline="") as file:
        wanted = list(csv.DictReader(file))
    assert len(wanted) > 200
    for row in wanted:
        where = "policy_pipeline" if row["source_rule"].startswith(OWN) else "policy"
        found = stated[where].get((row["parameter"], row["scope_kind"], row["scope"]))
        assert found is not None, f"{where}.csv lacks {row['parameter']} {row['scope_kind']} {row['scope']}"
        assert found["unit"] == row["unit"], row["parameter"]
        for column in ("value", "range_low", "range_high"):
            assert same(found[column], row[column]), f"{row['parameter']}.{column}: {found[column]} != {row[column]}"
