"""KPIs by hand, from deliveries to performance.kpi_value: a month and the same month of the year before."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

NOW, BEFORE = "2026-10", "2025-10"


def visit(name: str, dept: str, period: str) -> dict[str, Any]:
    return {
        "encounter_id": name, "patient_id": f"P-{name}", "encounter_type": "outpatient", "sex": "F", "age_years": 40,
        "payer": "resident", "dept_code": dept, "doctor_id": "D", "started_at": f"{period}-05T09:00:00",
        "primary_diagnosis": "I10.x",
    }  # fmt: skip


def stay(name: str, period: str, first: int, last: int, patient: str | None = None, **facts: Any) -> dict[str, Any]:
    return visit(name, "WARD", period) | {
        "encounter_type": "inpatient", "patient_id": patient or f"P-{name}", "disposition": "home",
        "started_at": f"{period}-{first:02d}T09:00:00", "ended_at": f"{period}-{last:02d}T09:00:00", **facts,
    }  # fmt: skip


def charge(number: str, encounter: str, dept: str, period: str, amount: str, kind: str = "treatment") -> dict[str, Any]:
    return {
        "charge_id": number, "encounter_id": encounter, "charged_at": f"{period}-05T10:00:00", "item_code": "X",
        "item_name": "X", "charge_class": kind, "quantity": 1, "unit_price": amount, "amount": amount,
        "ordering_dept": dept, "executing_dept": dept, "in_insurance_catalog": True,
    }  # fmt: skip


@pytest.fixture(scope="module")
def kpis(dbt_session: Warehouse) -> dict[tuple[str, str], dict[str, Any]]:
    """The values of October 2026 by (entity, KPI)."""
    house = dbt_session
    house.reset()
    house.deliver("encounters", "H01", BEFORE, [visit("O1", "CLINIC", BEFORE), visit("O2", "CLINIC", BEFORE)])
    house.deliver("charge_lines", "H01", BEFORE, [
        charge("B1", "O1", "CLINIC", BEFORE, "100.00"), charge("B2", "O2", "CLINIC", BEFORE, "100.00"),
    ])  # fmt: skip
    house.deliver("encounters", "H01", NOW, [
        visit("N1", "CLINIC", NOW), visit("N2", "EYE", NOW),
        stay("S1", NOW, 1, 6, patient="P", reported_cost="900.50"), stay("S2", NOW, 10, 13, patient="P"),
        stay("S3", NOW, 2, 3, disposition="died", reported_cost="100.00"),
    ])  # fmt: skip
    house.deliver("encounters", "H01", "2026-11", [visit("L", "CLINIC", "2026-11")])  # the thirty days after
    house.deliver("charge_lines", "H01", NOW, [
        charge("N1", "N1", "CLINIC", NOW, "110.00"), charge("N2", "N2", "EYE", NOW, "60.00", "drug"),
        charge("N3", "N2", "EYE", NOW, "30.00", "consumable"), charge("N4", "S1", "WARD", NOW, "800.00"),
    ])  # fmt: skip
    house.deliver("settlements", "H01", NOW, [
        {"settlement_id": f"T{n}", "encounter_id": f"S{n}", "drg_code": drg, "total_charge": 1000, "fund_paid": 600,
         "patient_paid": 400, "claimed_on": "2026-10-20"}
        for n, drg in ((1, "A"), (2, "B"), (3, "0000"))
    ])  # fmt: skip
    house.refer("drg", [
        {"drg_code": code, "drg_name": code, "mdc": "A", "adrg": code, "partition": "medical", "weight": weight,
         "risk_grade": 1, "valid_from": "2024-01-01"}
        for code, weight in (("A", "0.8"), ("B", "1.6"))
    ])  # fmt: skip
    house.deliver("encounters", "T01", NOW, [visit(f"T{n}", "GP", NOW) for n in range(4)])
    referral = {"patient_id": "P", "referred_on": "2026-10-08", "condition_type": "stable", "diagnosis": "I10"}
    down = referral | {"from_member_id": "H01", "to_member_id": "T01", "direction": "down"}
    house.deliver("referrals", "H01", NOW, [
        down | {"referral_id": "F1", "accepted_on": "2026-10-10"}, down | {"referral_id": "F2"},
    ])  # fmt: skip
    house.deliver("referrals", "T01", NOW, [
        referral | {"referral_id": "F3", "from_member_id": "T01", "to_member_id": "H01", "direction": "up",
                    "accepted_on": "2026-10-20", "is_appropriate": True},
    ])  # fmt: skip
    house.deliver("exam_recognitions", "H01", NOW, [
        {"recognition_id": f"R{n}", "recognised_on": "2026-10-08", "encounter_id": "S1", "item_code": "X",
         "source_member_id": "T01", "outcome": outcome}
        for n, outcome in enumerate(("recognised", "recognised", "recognised", "repeated"))
    ])  # fmt: skip
    house.deliver("reported_indicators", "H01", NOW, [
        {"indicator_code": "S2-RISK-06", "dept_code": "*", "numerator": 9, "denominator": 10, "value": "0.9"},
        {"indicator_code": "S2-RISK-06", "dept_code": "WARD", "numerator": 4, "denominator": 5, "value": "0.8"},
    ])  # fmt: skip
    house.build("+performance__kpi_value", tests=False)
    rows = house.rows(f"from performance.kpi_value where period = '{NOW}'")
    return {(row["entity_id"], row["kpi_code"]): row for row in rows}


@pytest.mark.parametrize(
    ("entity", "kpi", "value"),
    [
        # the mean fee was 100; now 200 on two visits of H01: growth 0; its clinic took 110: +10 %
        ("H01", "S1-PERF-01", "0"),
        ("H01:CLINIC", "S1-PERF-01", "0.1"),
        ("H01", "S1-COST-05", "0.06"),  # drugs 60 of 1,000
        ("H01:EYE", "S1-COST-05", "0.666667"),
        ("H01", "S1-COST-06", "0.03"),
        ("H01", "D62-LOS", "3"),  # 5, 3 and 1 days
        ("H01:WARD", "D62-LOS", "3"),
        ("H01", "S2-DRG-01", "1.2"),  # weights 0.8 and 1.6; code 0000 has none
        ("H01", "S3-DRG-25", "900.5"),  # S1 alone: of S2 no cost is known, S3 has no group
        ("consortium", "S3-DRG-25", "900.5"),
        ("H01", "S1-PERF-08", "0.666667"),  # two down of three discharges
        ("T01", "M04", "0.25"),  # one up of four primary visits
        ("consortium", "M04", "0.25"),
        ("consortium", "S1-PERF-02", "0.428571"),  # AMB-09: 3 referrals over 3 discharges and 4 primary visits
        ("T01", "S1-PRIM-02", "0.5"),  # one of two offered was accepted
        ("T01", "S1-PERF-13", "1"),
        ("consortium", "M05", "0.333333"),  # one of three arrived within seven days
        ("H01", "S1-PERF-03", "0.75"),
        ("consortium", "S5-PRIM-03", "0.666667"),  # four of six visits
        ("H01", "S2-RISK-20", "0.333333"),  # S2 came back after S1; death is no return
        ("H01", "S2-RISK-06", "0.9"),  # reported for the whole: its ward is not added on top
        ("H01:WARD", "S2-RISK-06", "0.8"),
    ],
)
def test_values_by_hand(kpis: dict[tuple[str, str], dict[str, Any]], entity: str, kpi: str, value: str) -> None:
    assert kpis[entity, kpi]["value"] == Decimal(value)


def test_what_has_no_input_has_no_row(kpis: dict[tuple[str, str], dict[str, Any]]) -> None:
    """No visits of the eye clinic a year ago, no stays at T01, no chronic care, no complication: no row, no zero."""
    missing = {("H01:EYE", "S1-PERF-01"), ("T01", "D62-LOS"), ("consortium", "S1-PERF-11"), ("T01", "S1-PERF-01"),
               ("H01", "S2-RISK-19")}  # fmt: skip
    assert missing.isdisjoint(kpis)


def test_targets_go_by_scope_and_scores_by_direction(kpis: dict[tuple[str, str], dict[str, Any]]) -> None:
    """H01 is tertiary: drug share at most 30 %; a value below a down target scores full."""
    share, recognition = kpis["H01", "S1-COST-05"], kpis["H01", "S1-PERF-03"]
    assert (share["target"], share["score"]) == (Decimal("0.3"), Decimal(100))
    assert (recognition["target"], recognition["attainment"], recognition["score"]) == (
        Decimal("0.8"), Decimal("0.9375"), Decimal("93.75"),
    )  # fmt: skip


def test_keys_hold_and_formulas_scores_tariffs_and_policy_by_hand(
    kpis: dict[tuple[str, str], dict[str, Any]], dbt_session: Warehouse
) -> None:
    """The key of the mart, and the unit tests beside the models: TC-07, TC-32, TC-41, TC-70, domain 4.1."""
    places = ("intermediate/performance", "marts/performance", "intermediate/payment", "intermediate/reference")
    assert kpis
    unit_tests = [f"test_type:unit,path:models/{place}" for place in places]
    assert dbt_session.dbt("test", "--select", "performance__kpi_value", *unit_tests) == {}
