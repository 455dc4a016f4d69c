"""Which tariff a case gets: a standard set outright, the level's own rate, or the consortium's rate and factor."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse


def deliver_case(house: Warehouse, member: str, drg: str, charge: int = 9000) -> None:
    house.deliver("encounters", member, "2026-10", [{
        "encounter_id": f"E-{member}", "patient_id": "P", "encounter_type": "inpatient", "sex": "F", "age_years": 40,
        "payer": "resident", "dept_code": "W", "doctor_id": "D", "started_at": "2026-10-01T09:00:00",
        "ended_at": "2026-10-06T09:00:00", "primary_diagnosis": "K35.8", "disposition": "home",
    }])  # fmt: skip
    house.deliver("settlements", member, "2026-10", [{
        "settlement_id": "S", "encounter_id": f"E-{member}", "drg_code": drg, "total_charge": charge, "fund_paid": 6000,
        "patient_paid": 2000, "claimed_on": "2026-10-07",
    }])  # fmt: skip


def paid(house: Warehouse) -> dict[str, dict[str, Any]]:
    house.build("+int_payment__case", tests=False)
    return {row["member_id"]: row for row in house.rows("from intermediate.int_payment__case")}


def test_tc_26_a_standard_set_by_level_wins_over_weight_and_rate(warehouse: Warehouse) -> None:
    """S3-DRG-16: F19 is paid 12,000, 11,000 and 8,000; S3-DRG-12: E11 5,000 at every level."""
    for member in ("H01", "H02", "T01"):
        deliver_case(warehouse, member, "F19")
    deliver_case(warehouse, "H03", "E11", charge=4000)
    rows = paid(warehouse)
    assert {member: row["payment"] for member, row in rows.items()} == {
        "H01": Decimal(12000), "H02": Decimal(11000), "T01": Decimal(8000), "H03": Decimal(5000),
    }  # fmt: skip
    assert {row["tariff_kind"] for row in rows.values()} == {"set"}


def test_a_level_with_its_own_rate_has_no_level_factor(warehouse: Warehouse) -> None:
    """Page 2b: the level factor belongs to the consortium's rate only (S3-DRG-15: tertiary 1.10)."""
    group = {"drg_code": "G1", "drg_name": "G1", "mdc": "G", "adrg": "G1", "partition": "medical", "weight": "1.2"}
    warehouse.refer("drg", [group | {"valid_from": "2024-01-01"}])
    outliers = {"high_multiple": 3, "low_multiple": "0.3", "high_cap_share": "0.05"}
    rate = {"region_code": "330523", "fiscal_year": 2026, **outliers}
    warehouse.refer("drg_rates", [
        rate | {"level": "all", "rate": 8000, "valid_from": "2026-01-01"},
        rate | {"level": "secondary", "rate": 7000, "valid_from": "2026-01-01"},
    ])  # fmt: skip
    deliver_case(warehouse, "H01", "G1")
    deliver_case(warehouse, "H02", "G1")
    rows = paid(warehouse)
    # 1.2 x 8,000 x 1.10
    assert (rows["H01"]["tariff_kind"], rows["H01"]["payment"]) == ("consortium_rate", Decimal(10560))
    assert (rows["H02"]["tariff_kind"], rows["H02"]["payment"]) == ("level_rate", Decimal(8400))  # 1.2 x 7,000
    assert rows["H02"]["fund_payment"] == Decimal(6400)


def test_a_year_without_a_rate_is_an_error_that_names_it(warehouse: Warehouse) -> None:
    warehouse.refer("drg_rates", [])
    warehouse.refer("drg", [{"drg_code": "G1", "adrg": "G1", "weight": 1, "valid_from": "2024-01-01"}])
    deliver_case(warehouse, "H01", "G1")
    problems = warehouse.try_build("+int_payment__case", tests=False)
    assert any("drg_rates of region 330523 year 2026" in message for message in problems.values())
