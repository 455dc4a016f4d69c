"""docs/coverage.md says what code, tests and docs/coverage.yml say tonight, of every item of the rules."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests import coverage_table
from tests.rule_citations import ROOT, Places, ids

# How many items each area of the rules has (its own count), and the last of every family of ids.
ITEMS = {"A": 42, "B": 46, "C": 30, "D": 26, "E": 38, "F": 16, "G": 17, "H": 17, "I": 27, "J": 77, "K": 64, "L": 34,
         "M": 17, "N": 30, "O": 13}  # fmt: skip


def test_the_table_is_current() -> None:
    made = coverage_table.render()
    assert coverage_table.TABLE.read_text(encoding="utf-8") == made, "run: python -m tests.coverage_table"


def test_every_item_stands_there_once() -> None:
    said = coverage_table.page()
    assert {area: len(told["items"]) for area, told in said["areas"].items()} == ITEMS
    every = [one for told in said["areas"].values() for one in told["items"]]
    assert len(set(every)) == len(every) == 494
    # Numbers of a family run through: none is left out.
    families: dict[str, set[int]] = {}
    for one in (*every, *said["examples"], *said["readings"]):
        family, number = re.fullmatch(r"(.+)-(\d+)b?", one).groups()  # type: ignore[union-attr]
        families.setdefault(family, set()).add(int(number))
    assert all(numbers == set(range(1, len(numbers) + 1)) for numbers in families.values()), families
    assert (max(families["TC"]), max(families["AMB"])) == (80, 50)


@pytest.mark.parametrize(
    ("entry", "at", "told"),
    [
        ("words", Places(numbers=["seeds/policy.csv"]), "no code cites it"),
        ({"what": "w", "missing": "=nowhere"}, Places(), "=nowhere is no reason"),
        ({"what": "w", "missing": "a mart"}, Places(code=["dbt_project/models/x.sql"]), "is said to be missing"),
        ({"what": "w", "by": "S9-X-1"}, Places(), "which is no id"),
        ({"what": "w", "part": "a", "missing": "b"}, Places(), "one of part, missing"),
    ],
)
def test_what_does_not_agree_is_named(entry: Any, at: Places, told: str) -> None:
    wrong: list[str] = []
    coverage_table.items({"S1-COST-01": entry}, coverage_table.page(), {"S1-COST-01": at}, wrong)
    assert len(wrong) == 1
    assert told in wrong[0]


def test_every_indicator_has_its_measures() -> None:
    """A row of kpi.csv whose measures no model names would stand as whole here and have no value anywhere."""
    with (ROOT / "seeds" / "kpi.csv").open(encoding="utf-8", newline="") as file:
        wanted = {row[side] for row in csv.DictReader(file) for side in ("numerator", "denominator")} - {""}
    folders = ("models/intermediate/performance", "models/intermediate/risk", "macros/risk")
    files = [path for folder in folders for path in (ROOT / "dbt_project" / folder).glob("*.sql")]
    named = set(re.findall(r"[a-z]\w+", " ".join(path.read_text(encoding="utf-8") for path in files)))
    assert wanted <= named


def test_an_example_needs_a_test() -> None:
    wrong: list[str] = []
    cited: Mapping[str, Places] = {"TC-01": Places(code=["pipelines/policy.py"])}
    coverage_table.items({"TC-01": "words"}, coverage_table.page(), cited, wrong)
    assert "no test cites it" in wrong[0]


def test_a_list_of_numbers_is_a_list_of_ids() -> None:
    text = "S4-COST-01, -03, -05; TC-72b (AMB-7), def test_tc_54_ceiling"
    assert list(ids(text)) == [
        "S4-COST-01", "S4-COST-03", "S4-COST-05", "TC-72b", "AMB-7", "TC-54",
    ]  # fmt: skip
