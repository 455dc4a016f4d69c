"""Alerts of the demo night: there, told over nobody's channel, and about nobody in person."""

from __future__ import annotations

from pipelines import night
from tests.integration.consortium import Consortium


def test_alerts_reach_the_publication_and_name_no_patient_doctor_or_encounter(
    demo_night: tuple[Consortium, night.Finished],
) -> None:
    consortium, _ = demo_night
    told = consortium.published("select severity, status, recipient_role, sent_at from governance.alert")
    assert {severity for severity, *_ in told} == {"info", "yellow", "red"}
    assert {(status, sent_at) for _, status, _, sent_at in told} == {("open", None)}
    assert all(role for _, _, role, _ in told)
    words = " ".join(str(cell) for row in consortium.published("from governance.alert") for cell in row)
    for column in ("patient_id", "doctor_id", "encounter_id"):
        names = [name for (name,) in consortium.published(f"select distinct {column} from risk.finding")]
        assert names
        assert [name for name in names if name in words] == []


def test_risk_marts_stand_in_the_publication(demo_night: tuple[Consortium, night.Finished]) -> None:
    """Every mart of page 3 has rows; what could not be judged has none."""
    consortium, _ = demo_night
    for mart in ("indicator", "finding", "anomaly", "scorecard", "rectification", "denial"):
        assert consortium.one(f"select count(*) from risk.{mart}"), mart
    newest = "select count(*) from risk.indicator where indicator_code = 'S2-RISK-20' and period = '2026-10'"
    assert consortium.one(newest) == 0  # the thirty days after October are not delivered yet
