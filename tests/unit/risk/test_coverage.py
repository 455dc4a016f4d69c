"""Every rule of the catalogue says what became of it, and what it says is so."""

from __future__ import annotations

from pipelines.risk import catalogue, coverage

RULES = catalogue.load()
COVERAGE = coverage.load(RULES)
# Numbers of the catalogue (domain 5.3); the others were never given.
CATALOGUE = {
    *(f"R{n:02d}" for n in range(1, 14)), *(f"R{n}" for n in range(20, 26)), *(f"R{n}" for n in range(30, 45)),
    *(f"R{n}" for n in range(50, 57)), *(f"R{n}" for n in range(60, 72)),
}  # fmt: skip
# Items of rules K that ask for detection.
OF_RULES_K = {f"S2-RISK-{n}" for n in (16, 17, 18, *range(36, 48), 49, 50, 51)} | {
    "S3-RISK-01", "S4-RISK-01", "S5-RISK-01", "S5-RISK-02", "S1-RISK-01",
}  # fmt: skip


def test_every_rule_of_the_catalogue_is_accounted_for() -> None:
    assert set(COVERAGE) >= CATALOGUE | OF_RULES_K
    assert {code for code, entry in COVERAGE.items() if entry.status in ("rule", "part")} == set(RULES)


def test_what_is_missing_or_found_elsewhere_is_named() -> None:
    for code, entry in COVERAGE.items():
        assert entry.status in ("rule", "part", "within", "statistics", "missing"), code
        if entry.status in ("part", "missing"):
            assert entry.missing, code
        if entry.status in ("within", "statistics"):
            assert entry.by, code
        if entry.status == "within":
            assert set(entry.by.split(", ")) <= set(RULES), code
