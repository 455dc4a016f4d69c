"""Precision and recall of the violation rules against labelled cases.

Belongs here: comparing findings with labels, rule by rule, and printing the table. Does not belong here: the rules
(dbt_project/models/intermediate/risk), planting violations (pipelines/demo), reading a delivery.

    python -m pipelines.risk.score [<home or .duckdb> [<violations.csv>]]

Without arguments it scores the warehouse of CONSORTIUM_HOME by the labels that lie beside the deliveries of
CONSORTIUM_LANDING.

A label is a row [rule_code, member_id, encounter_id, charge_ids, is_violation, note]; a near-miss is a label that is no
violation. A finding on an encounter that no label of its rule names is a false alarm: what isn't planted is clean.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from pipelines.risk import catalogue, coverage, ranking
from pipelines.settings import Settings

Case = tuple[str, str]
"""Member and encounter."""


@dataclass(frozen=True)
class Label:
    """One labelled case of one rule; `charge_ids` may be empty."""

    rule_code: str
    member_id: str
    encounter_id: str
    is_violation: bool
    charge_ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Finding:
    """One finding of a rule on an encounter, with the charge lines it rests on."""

    rule_code: str
    member_id: str
    encounter_id: str
    charge_ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Score:
    """How one rule did. Counts are of encounters; a share without a denominator is None, never 0 or 1."""

    rule_code: str
    planted: int
    found: int
    missed: tuple[Case, ...]
    near_misses: int
    false_alarms: tuple[Case, ...]
    lines_missed: tuple[str, ...] = field(default=())

    @property
    def precision(self) -> Fraction | None:
        """Planted among found."""
        hits = self.planted - len(self.missed)
        return Fraction(hits, self.found) if self.found else None

    @property
    def recall(self) -> Fraction | None:
        """Found among planted."""
        return Fraction(self.planted - len(self.missed), self.planted) if self.planted else None

    @property
    def is_perfect(self) -> bool:
        """Everything planted found, with its lines, and nothing else."""
        return not self.missed and not self.false_alarms and not self.lines_missed


def score(findings: Iterable[Finding], labels: Iterable[Label]) -> list[Score]:
    """Compares findings with labels.

    Args:
        findings: all findings of the periods that the labels cover.
        labels: planted violations and near-misses.

    Returns:
        one score per rule that has a label or a finding, by rule code.
    """
    found: dict[str, dict[Case, set[str]]] = {}
    for finding in findings:
        lines = found.setdefault(finding.rule_code, {}).setdefault((finding.member_id, finding.encounter_id), set())
        lines.update(finding.charge_ids)
    planted: dict[str, dict[Case, set[str]]] = {}
    near: dict[str, set[Case]] = {}
    for label in labels:
        case = (label.member_id, label.encounter_id)
        if label.is_violation:
            planted.setdefault(label.rule_code, {}).setdefault(case, set()).update(label.charge_ids)
        else:
            near.setdefault(label.rule_code, set()).add(case)
    scores = []
    for rule in sorted({*found, *planted, *near}):
        hits, wanted = found.get(rule, {}), planted.get(rule, {})
        lines_missed = {line for case in wanted.keys() & hits.keys() for line in wanted[case] - hits[case]}
        scores.append(
            Score(
                rule_code=rule,
                planted=len(wanted),
                found=len(hits),
                missed=tuple(sorted(wanted.keys() - hits.keys())),
                near_misses=len(near.get(rule, set()) - wanted.keys()),
                false_alarms=tuple(sorted(hits.keys() - wanted.keys())),
                lines_missed=tuple(sorted(lines_missed)),
            )
        )
    return scores


def table(scores: Sequence[Score], *, examples: int = 3) -> str:
    """The scores as text, one line a rule, with a few of the cases that went wrong under it."""
    heads = f"{'planted':>8}{'found':>7}{'near':>6}{'missed':>8}{'false':>7}{'precision':>11}{'recall':>8}"
    lines = [f"{'rule':<12}{heads}"]
    for one in scores:
        lines.append(
            f"{one.rule_code:<12}{one.planted:>8}{one.found:>7}{one.near_misses:>6}{len(one.missed):>8}"
            f"{len(one.false_alarms):>7}{_share(one.precision):>11}{_share(one.recall):>8}"
        )
        for name, cases in (("missed", one.missed), ("false alarm", one.false_alarms)):
            lines += [f"    {name}: {member} {encounter}" for member, encounter in cases[:examples]]
        lines += [f"    line not named: {line}" for line in one.lines_missed[:examples]]
    perfect = sum(one.is_perfect for one in scores)
    lines.append(f"{perfect} of {len(scores)} rules found all that was planted and nothing else")
    return "\n".join(lines)


def unplanted(scores: Sequence[Score], rules: Iterable[str]) -> str:
    """The rules of which nothing is labelled and nothing was found, a line each with what it would need."""
    known = coverage.load(rules)
    lines = []
    for rule in sorted({*rules} - {one.rule_code for one in scores}):
        needs = known[rule].needs
        why = f"finds nothing without {needs}" if needs else "nothing planted"
        lines.append(f"{rule:<12}{'-':>8}  {why}: tests/dbt/risk_reference/stories.py shows it")
    return "\n".join(lines)


def read_labels(path: Path) -> list[Label]:
    """Labels of a demo (`_labels/violations.csv`).

    Raises:
        KeyError: the file lacks a column.
    """
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Label(
                row["rule_code"],
                row["member_id"],
                row["encounter_id"],
                row["is_violation"].strip().lower() == "true",
                frozenset(filter(None, row["charge_ids"].split("|"))),
            )
            for row in csv.DictReader(file)
        ]


def read_findings(warehouse: Path) -> list[Finding]:
    """Findings of a warehouse or a published file (`risk.finding`), opened read-only."""
    import duckdb

    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute("select rule_code, member_id, encounter_id, charge_ids from risk.finding").fetchall()
    return [Finding(rule, member, encounter, frozenset(charges)) for rule, member, encounter, charges in rows]


def _share(value: Fraction | None) -> str:
    return "-" if value is None else f"{float(value):.3f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; 0 if every rule is perfect, else 1."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.risk.score", description=__doc__)
    settings = Settings.load()
    parser.add_argument(
        "warehouse", type=Path, nargs="?", default=settings.home, help="a home, or a DuckDB file with risk.finding"
    )
    parser.add_argument(
        "labels", type=Path, nargs="?", default=settings.landing / "_labels" / "violations.csv",
        help="violations.csv of the demo; anomalies.csv beside it is ranked too",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    warehouse = options.warehouse / "warehouse.duckdb" if options.warehouse.is_dir() else options.warehouse
    for path in (warehouse, options.labels):
        if not path.exists():
            parser.error(f"{path} does not exist: run `yilian nightly --demo` first, or name another")
    scores = score(read_findings(warehouse), read_labels(options.labels))
    print(table(scores))
    print(unplanted(scores, catalogue.load()))
    anomalies = options.labels.with_name("anomalies.csv")
    if anomalies.exists() and (planted := ranking.read_planted(anomalies)):
        cases = ranking.read_scored(warehouse, ranking.periods_of(warehouse, planted))
        print(ranking.rank(cases, planted, ranking.read_planted(options.labels)).table())
    return 0 if all(one.is_perfect for one in scores) else 1


if __name__ == "__main__":
    raise SystemExit(main())
