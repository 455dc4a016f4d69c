"""Every violation rule finds what it is there for and leaves its near-miss alone.

Source: domain 5.2 and 5.3; TC-21, TC-59, TC-75, TC-76, TC-77, TC-78.

All stories (risk_reference/stories.py) are told in one consortium and judged by all rules together, so that a hit of
one rule that another rule also takes for its own shows up here.
"""

from __future__ import annotations

import runpy
from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

# Test modules are no package here (importlib mode), so the stories are loaded by their path.
REFERENCE = Path(__file__).parent / "risk_reference"
tell = runpy.run_path(str(REFERENCE / "stories.py"))["tell"]


@pytest.fixture(scope="module")
def told(dbt_session: Warehouse) -> tuple[Any, dict[str, list[dict[str, Any]]]]:
    """The stories, and the findings of one build over all of them, by encounter."""
    dbt_session.reset()
    story = tell()
    story.deliver(dbt_session)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CONSORTIUM_DRG_TABLES", str(REFERENCE / "drg_tables"))
        dbt_session.build("+risk__finding", "+risk__drg_check", tests=False)
    found = defaultdict(list)
    for row in dbt_session.rows("from risk.finding order by rule_code, finding_id"):
        found[row["encounter_id"]].append(row)
    return story, found


Told = tuple[Any, dict[str, list[dict[str, Any]]]]


def test_each_story_is_found_by_its_rule_and_by_no_other(told: Told) -> None:
    story, found = told
    by_story = {name: {row["rule_code"] for row in found.get(name, [])} for name in story.expected}
    wrong = {
        name: (sorted(rules), sorted(by_story[name]))
        for name, rules in story.expected.items()
        if by_story[name] != rules
    }
    assert not wrong, f"expected and found rules differ: {wrong}"


def the(told: Told, encounter: str) -> dict[str, Any]:
    """The only finding of an encounter."""
    (row,) = told[1][encounter]
    return row


def test_every_rule_of_the_catalogue_has_a_hit(told: Told, dbt_session: Warehouse) -> None:
    story, _ = told
    listed = {row["rule_code"] for row in dbt_session.rows("select rule_code from intermediate.int_risk__rule")}
    assert listed == set().union(*story.expected.values())


@pytest.mark.parametrize(
    ("encounter", "lines", "amount"),
    [
        ("R01-hit", 0, "5000.00"),  # fund paid for the later stay
        ("R04-hit", 2, "20.00"),  # the beds of the two empty days
        ("R09-hit", 1, "10.00"),  # one bed day beyond 3 + 1
        ("TC76-hit", 1, "10.00"),  # one excess line
        ("TC77-hit", 1, "10.00"),  # one day of substitution
        ("R32-hit", 1, "0.01"),
        ("R32-lower-level", 1, "10.00"),
        ("R34-hit", 1, "20.00"),  # two hours beyond 24
        ("R35-hit", 1, "10.00"),
        ("R42-hit", 1, "20.00"),  # the lower grade
        ("R37-hit", 1, "10.00"),  # the item named has no price limit
        ("R38-last-H01", 1, "30.00"),
        ("R41-hit", 1, "0.20"),
        ("CLAIM-hit", 1, "8.00"),  # the lesser of both
        ("R55-hit", 1, "3.00"),  # the cheaper of both
        ("R70-hit", 1, "10.00"),
        ("R36-hit", 1, "0.01"),
        ("R53-service", 1, "10.00"),
        ("R53-hit", 1, "10.00"),  # one of fifteen days of 150 yuan
        ("R54-hit", 1, "11.00"),  # eleven of thirty days of 30 yuan
        ("R64-panel", 5, "50.00"),
        # weight 2 instead of 1.5 at 8,300 x 1.10: a quarter of the payment; the bill of 6,000 is above 0.3 x 18,260
        ("R20-hit", 0, "4565.00"),
        ("R20-excluded", 0, "4565.00"),
        ("R21-hit", 0, "14608.00"),  # weight 2 instead of 0.4
        ("RISK16-hit", 0, "5934.50"),  # weight 1.05 instead of 0.4 of 9,586.50
        ("R22-coded", 0, "5934.50"),
    ],
)
def test_what_is_at_risk_follows_the_amount_rule(told: Told, encounter: str, lines: int, amount: str) -> None:
    row = the(told, encounter)
    assert (len(row["charge_ids"]), row["amount_at_risk"]) == (lines, Decimal(amount))


def test_every_settled_stay_stands_beside_the_group_of_the_national_tables(told: Told, dbt_session: Warehouse) -> None:
    checked = {
        row["encounter_id"]: (row["result"], row["grouped_drg"], row["reason"])
        for row in dbt_session.rows("from risk.drg_check")
    }
    assert {
        name: checked[name] for name in ("R20-light", "R20-excluded", "RISK16-hit", "RISK16-coded", "UNGROUPED")
    } == {
        "R20-light": ("same", "BR15", None),
        "R20-excluded": ("billed_heavier", "BR15", None),
        "RISK16-hit": ("billed_heavier", "GZ19", None),
        "RISK16-coded": ("same", "GD29", None),
        "UNGROUPED": ("not_grouped", None, "unknown_principal_diagnosis"),
    }


def test_of_a_pair_of_stays_the_later_one_carries_the_finding_and_the_evidence_names_the_other(told: Told) -> None:
    row = the(told, "R01-hit")
    assert "R01-first" in row["evidence"]
    assert "5天后" in row["evidence"]
    assert (row["severity"], row["confidence"]) == ("suspect", Decimal("0.5"))
    assert (row["rule_version"], row["rule_parameters"]) == (1, "certain_gap_days=1")


def test_a_working_day_deadline_skips_the_weekend_and_an_hourly_one_does_not(told: Told) -> None:
    """Delivered on Saturday 31 October: three working days end on Wednesday, 24 hours on Monday (TC-75)."""
    assert the(told, "R01-hit")["found_on"] == date(2026, 11, 1)
    assert the(told, "R01-hit")["respond_by"] == datetime(2026, 11, 4, 9)
    assert the(told, "TC78-hit")["respond_by"] == datetime(2026, 11, 2, 9)


def test_an_answer_changes_the_status_and_nothing_else(told: Told, dbt_session: Warehouse) -> None:
    """TC-75: explained in time is under review; a decision has the last word."""
    statuses = {"TC78-hit": "open", "R51-hit": "upheld", "R30-hit": "rejected", "R31-hit": None}
    appeals = [
        {"appeal_id": f"A{number}", "subject": "finding", "subject_key": the(told, name)["finding_id"],
         "submitted_on": "2026-11-01", "status": status}
        for number, (name, status) in enumerate(statuses.items()) if status
    ]  # fmt: skip
    dbt_session.deliver("appeals", "H01", "2026-10", appeals)
    dbt_session.deliver("rectifications", "H01", "2026-10", [
        {"finding_id": the(told, "R32-hit")["finding_id"], "due_on": "2026-11-10", "completed_on": "2026-11-05",
         "measure": "退费"},
    ])  # fmt: skip
    before = {row["finding_id"]: row for rows in told[1].values() for row in rows}
    dbt_session.build("int_risk__reply", "risk__finding", tests=False)
    after = {row["encounter_id"]: row for row in dbt_session.rows("from risk.finding")}
    assert {name: after[name]["status"] for name in ("TC78-hit", "R51-hit", "R30-hit", "R32-hit", "R01-hit")} == {
        "TC78-hit": "explained", "R51-hit": "denied", "R30-hit": "confirmed", "R32-hit": "rectified", "R01-hit": "open",
    }  # fmt: skip
    ids = {row["finding_id"] for row in dbt_session.rows("from risk.finding")}
    assert ids == set(before)


def test_a_finding_keeps_the_night_it_was_first_found_in_and_a_new_one_is_found_tonight(
    told: Told, dbt_session: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S2-RISK-36: a corrected delivery starts no clock anew, a late one is not due before it was told."""
    known = the(told, "R01-hit")["finding_id"]
    folder = tmp_path / "current/parquet/risk"
    folder.mkdir(parents=True)
    published = pl.DataFrame({"finding_id": [known], "found_on": [date(2026, 10, 16)]})
    published.write_parquet(folder / "finding.parquet")
    monkeypatch.setenv("CONSORTIUM_PUBLISHED", str(tmp_path))
    monkeypatch.setenv("CONSORTIUM_NOW", "2026-11-06T01:30:00")
    dbt_session.build("int_risk__finding", "int_risk__deadline", "risk__finding", tests=False)
    days = {row["encounter_id"]: (row["found_on"], row["respond_by"]) for row in dbt_session.rows("from risk.finding")}
    assert days["R01-hit"] == (date(2026, 10, 16), datetime(2026, 10, 21, 9))  # a Friday and three working days
    assert days["R30-hit"] == (date(2026, 11, 6), datetime(2026, 11, 11, 9))
    assert days["TC78-hit"] == (date(2026, 11, 6), datetime(2026, 11, 7, 9))


def test_findings_are_the_same_again_and_whole(told: Told, dbt_session: Warehouse) -> None:
    """Data tests of the engine: one row per hit and finding, evidence never missing."""
    assert told
    assert (
        dbt_session.dbt("test", "--select", "int_risk__hit", "risk__finding", "--exclude-resource-type", "unit_test")
        == {}
    )


def test_each_model_has_the_grain_it_claims(told: Told, dbt_session: Warehouse) -> None:
    """The grains that no nightly test counts, as they stand on every charge line or case."""
    assert told
    grains = {
        "int_risk__case": "member_id, encounter_id",
        "int_risk__charge": "member_id, charge_id",
        "int_risk__watched_line": "member_id, charge_id",
        "int_risk__stay_day": "member_id, encounter_id, charged_on",
        "int_risk__drug_line": "member_id, charge_id",
    }
    for model, grain in grains.items():
        repeated = dbt_session.one(f"select count(*) - count(distinct ({grain})) from intermediate.{model}")
        assert repeated == 0, model


def test_a_consortium_states_a_rule_and_a_parameter_itself(told: Told, dbt_session: Warehouse) -> None:
    """Its rows stand in the place of the rule's own; other rules and parameters keep theirs."""
    assert told
    (stated,) = dbt_session.rows("from intermediate.int_risk__rule where rule_code = 'R01'")
    stricter = stated | {"severity": "certain", "version": 2, "respond_within": 1, "valid_to": None}
    dbt_session.refer("risk_rules", [stricter])
    kept = dbt_session.rows("from reference.risk_rule_parameters")
    own = {
        "rule_code": "R01",
        "parameter": "certain_gap_days",
        "value": "2",
        "source": "consortium",
        "valid_from": "2021-05-01",
    }
    dbt_session.refer("risk_rule_parameters", [*kept, own])
    dbt_session.build("int_risk__rule", "int_risk__rule_parameter", "int_risk__hit", tests=False)
    found = {
        row["rule_code"]: (row["rule_version"], row["respond_within"], row["rule_parameters"])
        for row in dbt_session.rows("from intermediate.int_risk__hit where rule_code in ('R01', 'R04')")
    }
    assert found == {
        "R01": (2, 1, "certain_gap_days=2"),
        "R04": (1, 3, "min_empty_days=2,min_empty_share=0.3,min_los=3"),
    }


def test_a_rule_that_the_list_leaves_out_stops_the_build_by_name(warehouse: Warehouse) -> None:
    with pytest.raises(AssertionError, match=r"int_risk__r01_split_admission is a rule .* does not name it"):
        warehouse.compiled("{{ no_rule_left_out([]) }} select 1")
