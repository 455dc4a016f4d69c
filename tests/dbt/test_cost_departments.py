"""Department cost, trace and scopes, told on a consortium of small hospitals; one build, many stories."""

from __future__ import annotations

import csv
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.reference import SEEDS

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

PERIOD = "2026-10"
MEMBERS = ("H01", "H02", "H03", "T01", "T02", "T03", "T04", "V01")
LABOUR, MATERIAL, DRUG, OTHER = "50010101", "50010102", "50010103", "51010107"
CHART = (LABOUR, MATERIAL, DRUG, OTHER, "1002", "5201", "5301", "5501", "5801", "5901", "4101")
MARTS = ("+path:models/marts/cost", "+ledger__unmapped_account")

HEADS = {"A1": 10, "A2": 20, "X1": 8, "X2": 12, "T1": 15, "T2": 20, "C1": 25, "C2": 40, "C3": 50}
KINDS = {"A": "admin", "X": "auxiliary", "T": "medtech", "C": "clinical"}
YUAN = {
    "A1": (120_000, 0, 80_000),
    "A2": (160_000, 20_000, 120_000),
    "X1": (64_000, 40_000, 16_000),
    "X2": (84_000, 2_000, 14_000),
    "T1": (180_000, 90_000, 30_000),
    "T2": (260_000, 60_000, 80_000),
    "C1": (300_000, 10_000, 40_000),
    "C2": (480_000, 70_000, 60_000),
    "C3": (620_000, 150_000, 80_000),
}
PACKS = {"T1": 50, "T2": 10, "C1": 40, "C2": 100, "C3": 300}
REGISTRATIONS = {"C1": 9_000, "C2": 300, "C3": 400}
ORDERED = {
    "T1": {"C1": 200_000, "C2": 350_000, "C3": 250_000},
    "T2": {"C1": 300_000, "C2": 200_000, "C3": 500_000},
}
DRIVERS = [
    {"step": 0, "from_dept_class": "common", "driver": "floor_area", "fallback_driver": "headcount"},
    {"step": 1, "from_dept_class": "admin", "driver": "headcount"},
    {"step": 0, "from_dept_class": "admin", "from_dept": "A1", "driver": "headcount"},
    {"step": 2, "from_dept_class": "auxiliary", "driver": "workload:pack"},
    {"step": 2, "from_dept_class": "auxiliary", "from_dept": "X2", "driver": "workload:registration"},
    {"step": 3, "from_dept_class": "medtech", "driver": "ordered_revenue", "fallback_driver": "headcount"},
    {"step": 3, "from_dept_class": "medtech", "member_id": "H02", "driver": "workload:sample"},
    {"step": 3, "from_dept_class": "medtech", "member_id": "H02", "from_dept": "ULTRASOUND", "driver": "headcount"},
    {"step": 3, "from_dept_class": "medtech", "from_dept": "LAB", "driver": "bed_days", "fallback_driver": "headcount"},
]


def department(code: str, kind: str, heads: int, area: int = 100) -> dict[str, Any]:
    return {"dept_code": code, "dept_name": code, "dept_class": kind, "headcount": heads, "floor_area_m2": area}


def expense(dept: str | None, account: str, amount: Any, fund: str = "own") -> dict[str, Any]:
    return {"dept_code": dept, "account_code": account, "debit": amount, "fund_source": fund}


def post(warehouse: Warehouse, member: str, lines: list[dict[str, Any]]) -> None:
    numbered = [{"voucher_no": "V1", "line_no": n, **line} for n, line in enumerate(lines, start=1)]
    total = sum(Decimal(line["debit"]) for line in lines)
    bank = {"voucher_no": "V1", "line_no": 0, "account_code": "1002", "credit": total}
    warehouse.deliver("gl_entries", member, PERIOD, [bank, *numbered])


def served(sender: str, kind: str, quantities: dict[str, int], elsewhere: str | None = None) -> list[dict[str, Any]]:
    shared = {"sender_dept": sender, "workload_kind": kind, "receiver_member_id": elsewhere}
    return [shared | {"receiver_dept": receiver, "quantity": q} for receiver, q in quantities.items()]


def visits(dept: str, count: int) -> list[dict[str, Any]]:
    visit = {"encounter_type": "outpatient", "dept_code": dept, "started_at": f"{PERIOD}-02T08:00:00"}
    return [visit | {"encounter_id": f"{dept}-{n}"} for n in range(count)]


def golden_hospital(warehouse: Warehouse) -> None:
    """H01 is domain 1.6.1 as a member would deliver it."""
    warehouse.deliver("departments", "H01", PERIOD, [department(c, KINDS[c[0]], heads) for c, heads in HEADS.items()])
    accounts = (LABOUR, MATERIAL, OTHER)
    lines = [expense(d, a, y) for d, row in YUAN.items() for a, y in zip(accounts, row, strict=True) if y]
    post(warehouse, "H01", lines)
    workload = [*served("X1", "pack", PACKS), *served("X2", "registration", REGISTRATIONS)]
    warehouse.deliver("workload", "H01", PERIOD, workload)
    charges = [
        {"charge_id": f"{s}{r}", "encounter_id": "E", "charged_at": f"{PERIOD}-05T08:00:00", "charge_class": "lab"}
        | {"item_code": "LAB001", "quantity": 1, "unit_price": q, "amount": q, "ordering_dept": r, "executing_dept": s}
        for s, row in ORDERED.items()
        for r, q in row.items()
    ]
    warehouse.deliver("charge_lines", "H01", PERIOD, charges)
    warehouse.deliver("encounters", "H01", PERIOD, visits("C1", 9))
    census = {"bed_tier": "general", "beds_open": 40, "census_date": f"{PERIOD}-02"}
    beds = [census | {"dept_code": "C2", "beds_occupied": 12}, census | {"dept_code": "C3", "beds_occupied": 13}]
    warehouse.deliver("bed_census", "H01", PERIOD, beds)


def county_stories(warehouse: Warehouse) -> None:
    """H02: common costs, another member's samples, a fallback, a department on no list. H03: all kinds of expense."""
    warehouse.deliver(
        "departments",
        "H02",
        PERIOD,
        [
            department("LAB", "medtech", 1, 100),
            department("ULTRASOUND", "medtech", 1, 0),
            department("ICU", "clinical", 1, 100),
            department("WARD", "clinical", 3, 200),
        ],
    )
    lines = [expense(None, OTHER, 400), expense("LAB", LABOUR, 900), expense("ULTRASOUND", LABOUR, 800)]
    post(warehouse, "H02", [*lines, expense("WARD", LABOUR, "7890"), expense("SHUT", LABOUR, "10")])
    workload = [*served("LAB", "sample", {"WARD": 6}), *served("LAB", "sample", {"GP": 2}, elsewhere="T01")]
    warehouse.deliver("workload", "H02", PERIOD, workload)
    warehouse.deliver("departments", "H03", PERIOD, [department("A", "admin", 1), department("C", "clinical", 1)])
    post(
        warehouse,
        "H03",
        [
            expense("C", LABOUR, 100),
            expense("A", LABOUR, 20, "fiscal_basic"),
            expense("C", OTHER, 3, "fiscal_project"),
            expense("C", OTHER, 4, "other_project"),
            expense("C", OTHER, 5, "research"),
            expense(None, "5301", 6),
            expense(None, "5501", 7),
            expense(None, "5901", 8),
            expense(None, "5201", 50),
            expense(None, "5801", 60),
        ],
    )
    warehouse.deliver("encounters", "H03", PERIOD, visits("C", 10))
    warehouse.deliver("departments", "T02", PERIOD, [department("LAB", "medtech", 1), department("GP", "clinical", 2)])
    post(warehouse, "T02", [expense("LAB", LABOUR, 100)])
    post(warehouse, "V01", [expense(None, LABOUR, 55), expense(None, OTHER, 5), expense(None, MATERIAL, 40)])


def services_and_public_health(warehouse: Warehouse) -> None:
    """H01 consults from afar twice; T02 did public-health work and booked no cost of it."""
    costs = [{"depreciation_cost": 30, "labour_cost": 100, "network_cost": 20}]
    costs.append({"depreciation_cost": 30, "labour_cost": 50, "network_cost": 21, "diagnosis_income": 200})
    shared = {"service_kind": "tele_consultation", "performing_member_id": "H01", "requesting_member_id": "T02"}
    rows = [shared | cost | {"service_id": f"S{n}", "performed_on": f"{PERIOD}-03"} for n, cost in enumerate(costs)]
    warehouse.deliver("remote_services", "H01", PERIOD, rows)
    project = {"project_code": "P1", "project_name": "健康档案", "target_qty": 10, "done_qty": 4}
    warehouse.deliver("public_health", "T02", PERIOD, [project])


def logistics_first(warehouse: Warehouse) -> None:
    """T01 lets its admin department A1 close before the rest of administration (allow_adm_public_first)."""
    rows = [department("A1", "admin", 9), department("A2", "admin", 1), department("C", "clinical", 3)]
    warehouse.deliver("departments", "T01", PERIOD, rows)
    post(warehouse, "T01", [expense("A1", LABOUR, 100), expense("A2", LABOUR, 40)])
    with (SEEDS / "policy_pipeline.csv").open(encoding="utf-8", newline="") as file:
        policy = list(csv.DictReader(file))
    switch = next(row for row in policy if row["parameter"] == "allow_adm_public_first")
    on = switch | {"scope_kind": "member", "scope": "T01", "value": "1"}
    warehouse.refer("policy_pipeline", [*policy, on])


def scanner_and_implants(warehouse: Warehouse) -> None:
    """T03 owns the scanner of TC-60b; T04's orthopaedics use dear implants and are paid well (TC-71)."""
    warehouse.deliver("departments", "T03", PERIOD, [department("CT", "medtech", 1), department("WARD", "clinical", 1)])
    post(warehouse, "T03", [expense("CT", MATERIAL, 500_000)])
    scanner = {"asset_id": "CT1", "asset_name": "CT", "modality": "ct", "dept_code": "CT"}
    scanner |= {"monthly_depreciation": 3_000_000, "monthly_maintenance": 500_000}
    warehouse.deliver("assets", "T03", PERIOD, [scanner])
    use = {"use_id": "U1", "asset_id": "CT1", "used_on": f"{PERIOD}-03", "uses": 10_000, "using_member_id": "T03"}
    warehouse.deliver("equipment_use", "T03", PERIOD, [use])
    clinics = {"ORTHO": (14, 120), "URO": (14, 95), "GEN": (10, 100)}
    warehouse.deliver("departments", "T04", PERIOD, [department(code, "clinical", 1) for code in clinics])
    post(warehouse, "T04", [expense("GEN", LABOUR, 500), expense("GEN", DRUG, 200)])
    charges, pay = [], []
    for code, (implants, performance) in clinics.items():
        for kind, amount in (("consumable", implants * 10), ("treatment", 1_000 - implants * 10)):
            line = {"charge_id": f"{code}{kind}", "encounter_id": f"{code}-0", "charged_at": f"{PERIOD}-05T08:00:00"}
            line |= {"item_code": kind, "charge_class": kind, "quantity": 1, "unit_price": amount, "amount": amount}
            charges.append(line | {"ordering_dept": code, "executing_dept": code})
        pay.append({"person_id": code, "dept_code": code, "fte": 1, "performance_pay": performance})
    warehouse.deliver("charge_lines", "T04", PERIOD, charges)
    warehouse.deliver("encounters", "T04", PERIOD, [*visits("GEN", 10), *visits("ORTHO", 1), *visits("URO", 1)])
    warehouse.deliver("payroll", "T04", PERIOD, pay)


def a_year_of_family_doctors(warehouse: Warehouse) -> None:
    """T02's contracts: 25 % cheaper, 18 % better kept than a year before (TC-69); its diabetics dearer, no better."""
    for period, fee, done, cost in (("2025-10", 100, 50, 40), (PERIOD, 75, 59, 50)):
        contract = {"contract_id": "K1", "signed_on": "2025-01-01", "fee_fund": fee, "services_due": 100}
        warehouse.deliver("family_contracts", "T02", period, [contract | {"services_done": done}])
        patient = {"patient_id": "P1", "programme": "diabetes", "is_controlled": True, "management_cost": cost}
        warehouse.deliver("chronic_care", "T02", period, [patient])


@pytest.fixture(scope="module")
def consortium(dbt_session: Warehouse) -> dict[str, list[dict[str, Any]]]:
    """The marts of the stories above, read once."""
    warehouse = dbt_session
    warehouse.reset()
    chart = [
        {"vendor_or_member": m, "local_account_pattern": account, "account_code": account, "valid_from": "2025-01-01"}
        for m in MEMBERS
        for account in CHART
    ]
    warehouse.refer("account_map", chart)
    common = {"member_id": "*", "from_dept": "*", "valid_from": "2025-01-01"}
    warehouse.refer("allocation_drivers", [common | rule for rule in DRIVERS])
    golden_hospital(warehouse)
    county_stories(warehouse)
    services_and_public_health(warehouse)
    logistics_first(warehouse)
    scanner_and_implants(warehouse)
    a_year_of_family_doctors(warehouse)
    warehouse.build(*MARTS)
    marts = ("department_cost", "allocation_trace", "scope_cost", "not_available", "structure", "unit_cost")
    marts = (*marts, "category", "remote_service", "device_cost", "programme_effect", "consumable_watch", "break_even")
    return {mart: warehouse.rows(f"from cost.{mart} order by all") for mart in marts}


def full_costs(rows: list[dict[str, Any]], member: str) -> dict[str, Decimal]:
    full: dict[str, Decimal] = {}
    for row in rows:
        if row["member_id"] == member:
            full[row["dept_code"]] = full.get(row["dept_code"], Decimal(0)) + row["full_amount"]
    return full


def test_golden_stepdown_to_the_fen(consortium: dict[str, list[dict[str, Any]]]) -> None:
    full = {
        (row["dept_code"], row["cost_element"]): row["full_amount"]
        for row in consortium["department_cost"]
        if row["member_id"] == "H01" and row["dept_class"] == "clinical"
    }
    assert full == {
        ("C1", "labour"): Decimal("585078.41"),
        ("C1", "consumable"): Decimal("62298.26"),
        ("C1", "other"): Decimal("141291.60"),
        ("C2", "labour"): Decimal("716359.10"),
        ("C2", "consumable"): Decimal("137572.22"),
        ("C2", "other"): Decimal("155775.68"),
        ("C3", "labour"): Decimal("966562.49"),
        ("C3", "consumable"): Decimal("242129.52"),
        ("C3", "other"): Decimal("222932.72"),
    }


def test_the_most_specific_driver_row_wins(consortium: dict[str, list[dict[str, Any]]]) -> None:
    """Member and department, then member, then department, then class (page 2b)."""
    used = {(row["member_id"], row["from_dept"]): row["driver"] for row in consortium["allocation_trace"]}
    assert used["H01", "X1"] == "workload:pack"
    assert used["H01", "X2"] == "workload:registration"
    assert used["H02", "LAB"] == "workload:sample"
    assert used["H02", "ULTRASOUND"] == "headcount"
    assert used["H01", "T1"] == "ordered_revenue"


def test_a_fallback_driver_stands_in_and_is_marked(consortium: dict[str, list[dict[str, Any]]]) -> None:
    """T02 counts no beds: bed days are zero, headcount is used."""
    (flow,) = [row for row in consortium["allocation_trace"] if row["member_id"] == "T02"]
    assert (flow["driver"], flow["is_fallback"], flow["driver_share"], flow["amount"]) == ("headcount", True, 1, 100)


def test_samples_of_another_member_end_outside(consortium: dict[str, list[dict[str, Any]]]) -> None:
    """A quarter of the lab, its share of the common costs included, is T01's (domain 1.6 rule 3)."""
    outside = [row for row in consortium["allocation_trace"] if row["to_dept"] == "EXT:T01"]
    assert sum(row["amount"] for row in outside) == 250
    assert {(row["from_dept"], row["driver_share"]) for row in outside} == {("LAB", Decimal("0.25"))}
    assert {row["to_dept_name"] for row in outside} == {"外部：城关社区卫生服务中心"}
    full = full_costs(consortium["department_cost"], "H02")
    assert full["WARD"] + full["ICU"] + full["UNALLOCATED"] + 250 == 10_000


def test_common_costs_are_shared_by_floor_area(consortium: dict[str, list[dict[str, Any]]]) -> None:
    step_0 = {
        row["to_dept"]: row["amount"]
        for row in consortium["allocation_trace"]
        if row["member_id"] == "H02" and row["from_dept"] == "COMMON"
    }
    assert step_0 == {"LAB": 100, "ICU": 100, "WARD": 200}


def test_a_sender_without_driver_parks_its_cost_in_sight(consortium: dict[str, list[dict[str, Any]]]) -> None:
    """SHUT stands in the ledger and on no list; ULTRASOUND's headcount reaches the wards."""
    parked = [row for row in consortium["allocation_trace"] if row["to_dept"] == "UNALLOCATED"]
    assert [(row["from_dept"], row["driver"], row["amount"]) for row in parked] == [("SHUT", "none", 10)]


def test_four_scopes_hold_one_another(consortium: dict[str, list[dict[str, Any]]]) -> None:
    """Domain 1.3: 100; admin 120; projects 127; research, 5301, 5501, 5901 153; 5201 and 5801 stay outside."""
    totals: dict[str, Decimal] = {}
    for row in consortium["scope_cost"]:
        if row["member_id"] == "H03":
            totals[row["cost_scope"]] = totals.get(row["cost_scope"], Decimal(0)) + row["amount"]
    assert totals == {"medical_business": 100, "medical": 120, "medical_full": 127, "hospital_full": 153}
    assert sum(full_costs(consortium["department_cost"], "H03").values()) - 20 == 120


def test_unit_costs_in_three_scopes(consortium: dict[str, list[dict[str, Any]]]) -> None:
    """Domain 1.7: ten visits carry 120, 127 with projects, 153 with research and what only the hospital bears."""
    (visit,) = [row for row in consortium["unit_cost"] if row["member_id"] == "H03"]
    assert (visit["unit_cost"], visit["medical_full_unit_cost"], visit["hospital_full_unit_cost"]) == (
        12,
        Decimal("12.70"),
        Decimal("15.30"),
    )
    full = {
        scope: sum(row["full_amount"] for row in consortium["scope_cost"] if row["member_id"] == "H03"
                   and row["cost_scope"] == scope and row["dept_code"] == "C")
        for scope in ("medical", "medical_full", "hospital_full")
    }  # fmt: skip
    assert full == {"medical": 120, "medical_full": 127, "hospital_full": 153}


def test_public_administration_first_where_the_member_allows_it(consortium: dict[str, list[dict[str, Any]]]) -> None:
    """Domain 1.6 rule 1: T01's A1 closes with the common costs and serves A2 too; H01's, the switch off, doesn't."""
    flows = {
        (row["member_id"], row["from_dept"], row["to_dept"]): (row["step"], row["amount"])
        for row in consortium["allocation_trace"]
        if row["from_dept"] in ("A1", "A2") and row["member_id"] == "T01"
    }
    assert flows == {("T01", "A1", "A2"): (0, 25), ("T01", "A1", "C"): (0, 75), ("T01", "A2", "C"): (1, 65)}
    golden = {
        row["step"] for row in consortium["allocation_trace"] if row["member_id"] == "H01" and row["from_dept"] == "A1"
    }
    assert golden == {1}


def test_tc_60b_unit_cost_of_a_device_and_what_the_tariff_leaves_open(
    consortium: dict[str, list[dict[str, Any]]],
) -> None:
    (scanner,) = consortium["device_cost"]
    assert (scanner["unit_cost"], scanner["shared_tariff"], scanner["recovery_per_use"]) == (400, 150, -250)


def test_tc_69_cost_beside_effect(consortium: dict[str, list[dict[str, Any]]]) -> None:
    """S5-COST-05: -25 % cost, +18 % effect is dominant; dearer without being better is dominated."""
    rows = {row["programme"]: row for row in consortium["programme_effect"]}
    doctors = rows["family_doctor"]
    assert (doctors["cost_change"], doctors["effect_change"]) == (Decimal("-0.25"), Decimal("0.18"))
    assert (doctors["verdict"], rows["chronic_diabetes"]["verdict"]) == ("dominant", "dominated")


def test_tc_71_dear_consumables_behind_high_performance_pay(consortium: dict[str, list[dict[str, Any]]]) -> None:
    """S1-PERF-33: 14 against 12 per 100 yuan with 120 against 97.50 is flagged; with 95 against 110 it isn't."""
    flagged = {row["dept_code"]: row["is_flagged"] for row in consortium["consumable_watch"]}
    assert flagged == {"ORTHO": True, "URO": False, "GEN": False}


def test_break_even_of_a_clinic(consortium: dict[str, list[dict[str, Any]]]) -> None:
    """Domain 1.12: 500 fixed, 100 a visit in, 20 of drugs out: seven visits carry it, ten do."""
    (clinic,) = [row for row in consortium["break_even"] if row["dept_code"] == "GEN"]
    figures = [clinic[name] for name in ("contribution_margin", "fixed_cost", "surplus", "break_even_volume", "status")]
    assert figures == [800, 500, 300, 7, "above"]


def test_a_total_only_member_gets_a_reason_and_a_structure(consortium: dict[str, list[dict[str, Any]]]) -> None:
    assert not full_costs(consortium["department_cost"], "V01")
    reasons = {row["member_id"]: row["reason_code"] for row in consortium["not_available"]}
    assert reasons == {"V01": "NO_DEPARTMENTS"}
    shares = {
        row["cost_element"]: (row["share"], row["status"])
        for row in consortium["structure"]
        if row["member_id"] == "V01"
    }
    assert shares == {
        "labour": (Decimal("0.55"), "within"),
        "consumable": (Decimal("0.4"), "within"),
        "other": (Decimal("0.05"), "within"),
    }


def test_public_health_work_without_cost_is_shown(consortium: dict[str, list[dict[str, Any]]]) -> None:
    """S5-COST-10; the categories of the golden hospital are medical and management (S1-COST-02)."""
    rows = {(row["member_id"], row["cost_category"]): row for row in consortium["category"]}
    assert (rows["T02", "public_health"]["amount"], rows["T02", "public_health"]["is_activity_without_cost"]) == (
        0,
        True,
    )
    golden = {category: row["amount"] for (member, category), row in rows.items() if member == "H01"}
    assert golden == {"medical": 2_710_000, "management": 520_000}
    assert rows["H01", "management"]["share"] == Decimal("0.160991")


def test_cost_of_a_consultation_from_afar(consortium: dict[str, list[dict[str, Any]]]) -> None:
    """S1-COST-03: depreciation 60, labour 150, network 41 over two."""
    (row,) = consortium["remote_service"]
    assert (row["services"], row["total_cost"], row["unit_cost"], row["margin"]) == (2, 251, Decimal("125.50"), -51)


def test_visit_and_bed_day_costs(consortium: dict[str, list[dict[str, Any]]]) -> None:
    """Domain 1.6.1 at a thousandth of the visits and a hundredth of the bed days."""
    units = {(row["dept_code"], row["unit"]): row for row in consortium["unit_cost"] if row["member_id"] == "H01"}
    assert units["C1", "visit"]["unit_cost"] == Decimal("87629.81")
    assert units["C2", "bed_day"]["unit_cost"] == Decimal("84142.25")
    assert units["C3", "bed_day"]["unit_cost"] == Decimal("110124.98")
    assert units["C3", "bed_day"]["member_unit_cost"] == Decimal("97653.27")


def test_too_much_without_a_driver_closes_the_build(warehouse: Warehouse) -> None:
    """E_DRV_ZERO beyond unallocated_cost_tolerance: the check fails, and its rows name member and month."""
    chart = {
        "vendor_or_member": "H02",
        "local_account_pattern": LABOUR,
        "account_code": LABOUR,
        "valid_from": "2025-01-01",
    }
    bank = chart | {"local_account_pattern": "1002", "account_code": "1002"}
    warehouse.refer("account_map", [chart, bank])
    warehouse.deliver("departments", "H02", PERIOD, [department("WARD", "clinical", 3)])
    post(warehouse, "H02", [expense("WARD", LABOUR, 994), expense("SHUT", LABOUR, 6)])
    problems = warehouse.try_build("+cost__department_cost", "+cost__allocation_trace", "+ledger__unmapped_account")
    assert [name.split("_cost__")[0] for name in problems] == ["unallocated_within_tolerance"]
