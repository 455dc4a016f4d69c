"""Precision and recall count encounters, per rule, and say which cases went wrong."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipelines.risk.score import Finding, Label, read_labels, score, table, unplanted


def hit(rule: str, encounter: str, *lines: str) -> Finding:
    return Finding(rule, "H01", encounter, frozenset(lines))


def planted(rule: str, encounter: str, *lines: str, violation: bool = True) -> Label:
    return Label(rule, "H01", encounter, violation, frozenset(lines))


def test_a_missed_plant_lowers_recall_and_a_false_alarm_precision() -> None:
    (one,) = score(
        [hit("R31", "E1"), hit("R31", "E2"), hit("R31", "E9")],
        [planted("R31", "E1"), planted("R31", "E2"), planted("R31", "E3"), planted("R31", "E4", violation=False)],
    )
    assert (one.precision, one.recall) == (Fraction(2, 3), Fraction(2, 3))
    assert one.missed == (("H01", "E3"),)
    assert one.false_alarms == (("H01", "E9"),)
    assert one.near_misses == 1


def test_a_finding_on_a_near_miss_is_a_false_alarm() -> None:
    (one,) = score([hit("R32", "E1")], [planted("R32", "E1", violation=False)])
    assert one.false_alarms == (("H01", "E1"),)
    assert one.recall is None
    assert one.precision == 0


def test_several_findings_of_a_rule_on_one_encounter_are_one_case_and_their_lines_are_put_together() -> None:
    (one,) = score([hit("R31", "E1", "L1"), hit("R31", "E1", "L2")], [planted("R31", "E1", "L1", "L2")])
    assert one.is_perfect
    (short,) = score([hit("R31", "E1", "L1")], [planted("R31", "E1", "L1", "L2")])
    assert not short.is_perfect
    assert short.lines_missed == ("L2",)


def test_a_rule_without_any_finding_or_plant_has_no_share() -> None:
    (one,) = score([], [planted("R01", "E1", violation=False)])
    assert (one.precision, one.recall, one.is_perfect) == (None, None, True)
    assert "R01" in table([one])


def test_a_rule_that_nothing_was_planted_for_says_what_it_needs() -> None:
    scores = score([hit("R01", "E1")], [planted("R31", "E1")])
    first, second = unplanted(scores, ["R01", "R21", "R31", "R55"]).splitlines()
    assert (first.split()[0], second.split()[0]) == ("R21", "R55")
    assert "finds nothing without CONSORTIUM_DRG_TABLES" in first
    assert "nothing planted" in second


cases = st.sets(st.sampled_from([f"E{number}" for number in range(8)]))


@given(found=cases, wanted=cases)
def test_shares_agree_with_counting_by_hand(found: set[str], wanted: set[str]) -> None:
    scores = score([hit("R", e) for e in sorted(found)], [planted("R", e) for e in sorted(wanted)])
    if not found and not wanted:
        assert scores == []
        return
    (one,) = scores
    both = len(found & wanted)
    assert one.precision == (Fraction(both, len(found)) if found else None)
    assert one.recall == (Fraction(both, len(wanted)) if wanted else None)
    assert one.is_perfect == (found == wanted)


def test_labels_are_read_as_the_demo_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "violations.csv"
    path.write_text(
        "rule_code,member_id,encounter_id,charge_ids,is_violation,note\n"
        "R31,H01,E1,L1|L2,true,three dressings\n"
        "R31,H01,E2,,false,two dressings\n",
        encoding="utf-8",
    )
    assert read_labels(path) == [planted("R31", "E1", "L1", "L2"), planted("R31", "E2", violation=False)]
