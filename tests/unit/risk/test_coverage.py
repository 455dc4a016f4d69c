"""Every rule of the catalogue says what became of it, and what it says is so."""

from __future__ import annotations

from pathlib import Path

import yaml

from pipelines import reference

ROOT = Path(__file__).parents[3]
COVERAGE = yaml.safe_load((ROOT / "pipelines" / "risk" / "coverage.yml").read_text(encoding="utf-8"))
RULES = {row["rule_code"] for row in reference.read(reference.SEEDS, "risk_rules")}
# Numbers of the catalogue (domain 5.3); the others were never given.
CATALOGUE = {
    *(f"R{n:02d}" for n in range(1, 14)), *(f"R{n}" for n in range(20, 26)), *(f"R{n}" for n in range(30, 45)),
    *(f"R{n}" for n in range(50, 57)), *(f"R{n}" for n in range(60, 72)),
}  # fmt: skip


def test_every_rule_of_the_catalogue_is_accounted_for() -> None:
    assert set(COVERAGE) >= CATALOGUE | RULES
    assert {code for code, entry in COVERAGE.items() if entry["status"] in ("rule", "part")} == RULES


def test_what_is_missing_or_found_elsewhere_is_named() -> None:
    for code, entry in COVERAGE.items():
        assert entry["status"] in ("rule", "part", "within", "statistics", "missing"), code
        if entry["status"] in ("part", "missing"):
            assert entry["missing"], code
        if entry["status"] in ("within", "statistics"):
            assert entry["by"], code
        if entry["status"] == "within":
            assert set(entry["by"].split(", ")) <= RULES, code
