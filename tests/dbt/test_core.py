"""Encounters, charges and shared events: which of several deliveries of the same thing stands."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

SEPTEMBER, OCTOBER = "2026-09", "2026-10"
EVENTS = "+path:models/intermediate/core"


def values(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in warehouse.rows(query)]


def test_a_stay_across_month_ends_counts_once_and_in_the_month_of_discharge(warehouse: Warehouse) -> None:
    stay = {"encounter_id": "E1", "encounter_type": "inpatient", "started_at": "2026-09-28T10:00:00"}
    still_in = stay | {"encounter_id": "E2"}
    same_day = stay | {"encounter_id": "E3", "started_at": "2026-10-05T08:00:00", "ended_at": "2026-10-05T18:00:00"}
    visit = {"encounter_id": "E4", "encounter_type": "outpatient", "started_at": "2026-10-31T23:00:00"}
    warehouse.deliver("encounters", "H01", SEPTEMBER, [stay, still_in])
    warehouse.deliver("encounters", "H01", OCTOBER, [stay | {"ended_at": "2026-10-03T09:00:00"}, same_day, visit])
    warehouse.deliver("encounters", "H02", SEPTEMBER, [stay | {"ended_at": "2026-09-30T09:00:00"}])
    warehouse.build("+int_core__encounter")
    assert values(
        warehouse,
        "select member_id, encounter_id, case_period, los_days, is_open "
        "from intermediate.int_core__encounter order by all",
    ) == [
        ("H01", "E1", OCTOBER, 5, False),
        ("H01", "E2", None, None, True),
        ("H01", "E3", OCTOBER, 1, False),
        ("H01", "E4", OCTOBER, None, False),
        ("H02", "E1", SEPTEMBER, 2, False),
    ]


def test_a_charge_belongs_to_the_month_it_was_charged_and_counts_once(warehouse: Warehouse) -> None:
    charge = {"charge_id": "C1", "encounter_id": "E1", "charged_at": "2026-09-30T10:00:00", "amount": "5.00"}
    warehouse.deliver("charge_lines", "H01", SEPTEMBER, [charge])
    warehouse.deliver(
        "charge_lines", "H01", OCTOBER, [charge | {"amount": "6.00"}, charge | {"charge_id": "C2", "amount": "7.00"}]
    )
    warehouse.deliver("charge_lines", "T01", OCTOBER, [charge | {"charged_at": "2026-10-02T10:00:00"}])
    warehouse.build("+int_core__charge_line")
    assert values(
        warehouse,
        "select member_id, charge_id, period, amount, has_encounter "
        "from intermediate.int_core__charge_line order by all",
    ) == [
        ("H01", "C1", SEPTEMBER, Decimal("6.00"), False),
        ("H01", "C2", SEPTEMBER, Decimal("7.00"), False),
        ("T01", "C1", OCTOBER, Decimal("5.00"), False),
    ]


def test_of_a_referral_that_both_sides_deliver_the_senders_row_stands_and_the_difference_is_said(
    warehouse: Warehouse,
) -> None:
    down = {
        "referral_id": "R1",
        "from_member_id": "H01",
        "to_member_id": "T01",
        "direction": "down",
        "diagnosis": "I10",
    }
    warehouse.deliver("referrals", "H01", OCTOBER, [down])
    warehouse.deliver("referrals", "T01", OCTOBER, [down | {"diagnosis": "E11"}])
    # The same number of another sender is another event, and what only the receiver delivers counts too.
    warehouse.deliver(
        "referrals", "T02", OCTOBER, [down | {"from_member_id": "T02", "to_member_id": "H01", "direction": "up"}]
    )
    warehouse.deliver("referrals", "T03", OCTOBER, [down | {"referral_id": "R9", "to_member_id": "T03"}])
    warehouse.build("+int_core__referrals", "+int_core__event_difference")
    assert values(
        warehouse,
        "select from_member_id, referral_id, diagnosis, delivered_by "
        "from intermediate.int_core__referrals order by all",
    ) == [("H01", "R1", "I10", "H01"), ("H01", "R9", "I10", "T03"), ("T02", "R1", "I10", "T02")]
    assert values(
        warehouse,
        "select member_id, rightful_member_id, column_name, rightful_value, own_value "
        "from intermediate.int_core__event_difference",
    ) == [("T01", "H01", "diagnosis", "I10", "E11")]


def test_a_use_of_equipment_is_the_owners_to_deliver(warehouse: Warehouse) -> None:
    warehouse.deliver("assets", "H01", OCTOBER, [{"asset_id": "CT1", "asset_name": "CT"}])
    use = {"use_id": "U1", "asset_id": "CT1", "using_member_id": "T01", "used_on": "2026-10-09", "uses": 1}
    warehouse.deliver("equipment_use", "T01", OCTOBER, [use | {"uses": 2}, use | {"use_id": "U2"}])
    warehouse.deliver("equipment_use", "H01", OCTOBER, [use])
    warehouse.build("+int_core__equipment_use")
    assert values(
        warehouse,
        "select owner_member_id, using_member_id, use_id, uses, delivered_by "
        "from intermediate.int_core__equipment_use order by all",
    ) == [("H01", "T01", "U1", 1, "H01"), ("H01", "T01", "U2", 1, "T01")]


def test_a_recognition_is_the_recognisers_to_deliver(warehouse: Warehouse) -> None:
    exam = {"recognition_id": "X1", "encounter_id": "E7", "source_member_id": "T01", "item_code": "EXM001"}
    warehouse.deliver("encounters", "H01", OCTOBER, [{"encounter_id": "E7", "encounter_type": "outpatient"}])
    warehouse.deliver("exam_recognitions", "H01", OCTOBER, [exam | {"avoided_amount": 120}])
    warehouse.deliver("exam_recognitions", "T01", OCTOBER, [exam | {"avoided_amount": 100}])
    warehouse.build("+int_core__exam_recognitions")
    assert values(
        warehouse,
        "select recognising_member_id, avoided_amount, delivered_by from intermediate.int_core__exam_recognitions",
    ) == [("H01", Decimal("120.00"), "H01")]


def test_a_posting_over_months_is_one_row_a_month(warehouse: Warehouse) -> None:
    posting = {"support_id": "S1", "from_member_id": "H01", "to_member_id": "T02", "support_kind": "posted"}
    warehouse.deliver("staff_support", "H01", SEPTEMBER, [posting | {"days": 22}])
    warehouse.deliver("staff_support", "H01", OCTOBER, [posting | {"days": 18}])
    warehouse.deliver("staff_support", "T02", OCTOBER, [posting | {"days": 17}])
    warehouse.build("+int_core__staff_support")
    assert values(warehouse, "select period, days from intermediate.int_core__staff_support order by all") == [
        (SEPTEMBER, 22),
        (OCTOBER, 18),
    ]


def test_a_settlement_counts_once_and_in_the_month_of_its_case(warehouse: Warehouse) -> None:
    stay = {
        "encounter_id": "E1",
        "encounter_type": "inpatient",
        "started_at": "2026-09-20T08:00:00",
        "ended_at": "2026-09-25T08:00:00",
    }
    claim = {"settlement_id": "S1", "encounter_id": "E1", "fund_paid": 100, "claimed_on": "2026-09-26"}
    warehouse.deliver("encounters", "H01", SEPTEMBER, [stay])
    warehouse.deliver("settlements", "H01", SEPTEMBER, [claim])
    warehouse.deliver("settlements", "H01", OCTOBER, [claim | {"paid_on": "2026-10-15"}])
    warehouse.build("+int_core__settlement")
    (row,) = warehouse.rows("select period, paid_on, delivered_period from intermediate.int_core__settlement")
    assert (row["period"], str(row["paid_on"]), row["delivered_period"]) == (SEPTEMBER, "2026-10-15", OCTOBER)


def test_four_level_codes_have_the_shape_of_the_standard(warehouse: Warehouse) -> None:
    pay = {"vendor_or_member": "H01", "local_account_pattern": "50", "account_code": "5001040101"}
    warehouse.refer("account_map", [pay | {"valid_from": "2020-01-01"}])
    ward = {"dept_code": "D1", "dept_name": "内科病区", "beds_open": 30, "dept_class": "clinical"}
    warehouse.deliver("departments", "H01", OCTOBER, [ward, ward | {"dept_code": "1I030401"}])
    cost = {"line_no": 1, "account_code": "50", "debit": 10, "fund_source": "own"}
    warehouse.deliver(
        "gl_entries",
        "H01",
        OCTOBER,
        [
            cost | {"voucher_no": "1", "dept_code": "D1"},
            cost | {"voucher_no": "2", "fund_source": "fiscal_basic"},
            cost | {"voucher_no": "3", "dept_code": "1I030401"},
        ],
    )
    warehouse.build("+core__unified_cost_code")
    assert values(warehouse, "select unified_code from core.unified_cost_code order by all") == [
        ("33052301-L001-1I000002-101001",),
        ("33052301-L001-1I030401-101001",),
        ("33052301-L001-9N000000-101002",),
    ]
