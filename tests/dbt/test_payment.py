"""Which tariff a case gets: a standard set outright, the level's own rate, or the consortium's rate and factor."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse


def deliver_cases(house: Warehouse, member: str, **bills: int) -> None:
    """A stay of October 2026 per group, with its bill."""
    house.deliver("encounters", member, "2026-10", [{
        "encounter_id": drg, "patient_id": "P", "encounter_type": "inpatient", "sex": "F", "age_years": 40,
        "payer": "resident", "dept_code": "W", "doctor_id": "D", "started_at": "2026-10-01T09:00:00",
        "ended_at": "2026-10-06T09:00:00", "primary_diagnosis": "K35.8", "disposition": "home",
    } for drg in bills])  # fmt: skip
    house.deliver("settlements", member, "2026-10", [{
        "settlement_id": drg, "encounter_id": drg, "drg_code": drg, "total_charge": charge, "fund_paid": 6000,
        "patient_paid": 2000, "claimed_on": "2026-10-07",
    } for drg, charge in bills.items()])  # fmt: skip


@pytest.fixture(scope="module")
def paid(dbt_session: Warehouse) -> dict[tuple[str, str], dict[str, Any]]:
    """What was paid, by member and group: set standards of the project, and G1 by rates."""
    house = dbt_session
    house.reset()
    house.refer("drg", [
        {"drg_code": code, "drg_name": code, "mdc": "G", "adrg": code, "partition": "medical", "weight": "1.2",
         "valid_from": "2024-01-01"}
        for code in ("G1", "F19", "E11")
    ])  # fmt: skip
    outliers = {"high_multiple": 3, "low_multiple": "0.3", "high_cap_share": "0.05"}
    rate = {"region_code": "330523", "fiscal_year": 2026, "valid_from": "2026-01-01", **outliers}
    house.refer("drg_rates", [rate | {"level": "all", "rate": 8000}, rate | {"level": "secondary", "rate": 7000}])
    deliver_cases(house, "H01", F19=9000, G1=9000)
    deliver_cases(house, "H02", F19=9000, G1=9000)
    deliver_cases(house, "H03", E11=4000)
    deliver_cases(house, "T01", F19=9000)
    house.build("+int_payment__case", tests=False)
    rows = house.rows("from intermediate.int_payment__case")
    return {(row["member_id"], row["drg_code"]): row for row in rows}


def test_tc_26_a_standard_set_by_level_wins_over_weight_and_rate(paid: dict[tuple[str, str], dict[str, Any]]) -> None:
    """S3-DRG-16: F19 is paid 12,000, 11,000 and 8,000; S3-DRG-12: E11 5,000 at every level."""
    found = {case: (row["payment"], row["tariff_kind"]) for case, row in paid.items() if case[1] != "G1"}
    assert found == {
        ("H01", "F19"): (12000, "set"), ("H02", "F19"): (11000, "set"), ("T01", "F19"): (8000, "set"),
        ("H03", "E11"): (5000, "set"),
    }  # fmt: skip


def test_a_level_with_its_own_rate_has_no_level_factor(paid: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Page 2b: the level factor belongs to the consortium's rate only (S3-DRG-15: tertiary 1.10)."""
    consortium, level = paid["H01", "G1"], paid["H02", "G1"]
    assert (consortium["tariff_kind"], consortium["payment"]) == (
        "consortium_rate",
        Decimal(10560),
    )  # 1.2 x 8,000 x 1.10
    assert (level["tariff_kind"], level["payment"]) == ("level_rate", Decimal(8400))  # 1.2 x 7,000
    assert level["fund_payment"] == Decimal(6400)


def test_a_year_without_a_rate_is_an_error_that_names_it(warehouse: Warehouse) -> None:
    warehouse.refer("drg_rates", [])
    warehouse.refer("drg", [{"drg_code": "G1", "adrg": "G1", "weight": 1, "valid_from": "2024-01-01"}])
    deliver_cases(warehouse, "H01", G1=9000)
    problems = warehouse.try_build("+int_payment__case", tests=False)
    assert any("drg_rates of region 330523 year 2026" in message for message in problems.values())
