"""The exercises that the ledger's tests work through are those of the worked examples, figure by figure."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.dbt.ledger_exercises import EXERCISES

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("YILIAN_SHARED_DATA", ROOT.parent / "shared" / "data"))
FILE = SHARED / "worked_examples" / "consolidation.json"
TWO_CURRENCIES = {"C5_currency_mismatch"}


@pytest.mark.skipif(not FILE.exists(), reason=f"the worked examples are not at {FILE}")
def test_every_exercise_in_one_currency_is_worked_through_with_its_own_figures() -> None:
    stated = {each["id"]: each for each in json.loads(FILE.read_text(encoding="utf-8"))}
    assert set(EXERCISES) == set(stated) - TWO_CURRENCIES
    for name, exercise in EXERCISES.items():
        assert exercise["inputs"] == stated[name]["inputs"], name
        assert exercise["published"] == stated[name]["published"], name
