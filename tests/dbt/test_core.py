"""Encounters, charges and shared events: which of several deliveries of the same thing stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse


def test_a_stay_across_month_ends_counts_once_and_in_the_month_of_discharge(warehouse: Warehouse) -> None:
    stay = {"encounter_id": "E1", "encounter_type": "inpatient", "started_at": "2026-09-28T10:00:00"}
    warehouse.deliver("encounters", "H01", "2026-09", [stay])
    warehouse.deliver("encounters", "H01", "2026-10", [stay | {"ended_at": "2026-10-03T09:00:00"}])
    warehouse.build("+int_core__encounter")
    (case,) = warehouse.rows("from intermediate.int_core__encounter")
    assert (case["case_period"], case["los_days"], case["is_open"]) == ("2026-10", 5, False)
