"""The six measures of a delivered file."""

from __future__ import annotations

from datetime import datetime

from pipelines.ingest import Verdict
from tests.unit.ingest.kit import Consortium, charge_rows


def test_each_fault_counts_in_its_own_measure_and_all_in_accuracy(hospital: Consortium) -> None:
    rows = charge_rows(1000)
    rows[0]["encounter_id"] = ""  # a required cell of 12 per row
    rows[1]["charge_class"] = "gift"
    rows[2]["quantity"] = "two"
    rows[3]["amount"] = "24.00"
    rows[5]["charge_id"] = rows[4]["charge_id"]
    rows[5]["item_code"] = "other"
    hospital.deliver("charge_lines", rows)
    (outcome,) = hospital.night()
    assert outcome.outcome is Verdict.ACCEPTED
    assert outcome.measures == {
        "completeness": "0.999916",  # 11,999 of 12,000
        "validity": "0.998000",
        "uniqueness": "0.998000",
        "consistency": "0.999000",
        "timeliness": "1.000000",
        "accuracy": "0.994000",
    }


def test_a_total_that_differs_is_inconsistent(hospital: Consortium) -> None:
    hospital.deliver("charge_lines", charge_rows(), control_totals={"amount": "1"})
    (outcome,) = hospital.night()
    assert outcome.measures["consistency"] == "0.000000"
    assert outcome.measures["accuracy"] == "1.000000"


def test_a_delivery_that_its_night_did_not_find_is_late(hospital: Consortium) -> None:
    hospital.now = datetime(2026, 11, 2, 1, 30)
    hospital.deliver("charge_lines", charge_rows())
    (outcome,) = hospital.night()
    assert outcome.measures["timeliness"] == "0.000000"


def test_a_file_without_rows_has_nothing_wrong(hospital: Consortium) -> None:
    from pipelines import contract
    from tests.unit.ingest.kit import as_csv, entry

    content = as_csv([], contract.load().extracts["referrals"].columns)
    hospital.lay({"referrals.csv": content}, [entry("referrals", "referrals.csv", content, 0)])
    (outcome,) = hospital.night()
    assert (outcome.outcome, outcome.rows_accepted) == (Verdict.ACCEPTED, 0)
    assert outcome.measures["completeness"] == "1.000000"
    assert hospital.rows("referrals").height == 0
