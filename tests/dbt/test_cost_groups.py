"""What a DRG costs beside its standard, the region and the best peer; what makes it dearer; which path is best."""

from __future__ import annotations

import shutil
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dbt.conftest import Warehouse

PERIOD = "2026-10"
MARTS = ("+cost__drg_alert", "+cost__drg_driver", "+cost__care_path", "+ledger__unmapped_account")
Rows = list[dict[str, Any]]


class Stays:
    """Discharges at reported costs: groups differ by member, so that one build holds many stories."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.encounters: dict[tuple[str, str], Rows] = {}
        self.settlements: dict[tuple[str, str], Rows] = {}
        self.charges: dict[tuple[str, str], Rows] = {}

    def add(
        self, member: str, drg: str, cost: Any, nights: int, path: str | None = None, month: str = PERIOD, **items: int
    ) -> None:
        rows = self.encounters.setdefault((member, month), [])
        code = f"{drg}-{month}-{len(rows)}"
        dates = {"started_at": f"{month}-01T09:00:00", "ended_at": f"{month}-{1 + nights:02d}T10:00:00"}
        stay = {"encounter_id": code, "encounter_type": "inpatient", "dept_code": "WARD", "reported_cost": cost}
        rows.append(stay | dates | {"care_path": path, "has_complication": False})
        settlement = {"settlement_id": code, "encounter_id": code, "drg_code": drg, "total_charge": 1}
        self.settlements.setdefault((member, month), []).append(settlement)
        for item, amount in items.items():
            line = {"charge_id": f"{code}-{item}", "encounter_id": code, "charged_at": f"{month}-01T10:00:00"}
            more = {"item_code": item, "charge_class": "consumable", "quantity": 1, "amount": amount}
            self.charges.setdefault((member, month), []).append(line | more)

    def deliver(self) -> None:
        for extract in ("encounters", "settlements", "charges"):
            for (member, month), rows in getattr(self, extract).items():
                self.warehouse.deliver("charge_lines" if extract == "charges" else extract, member, month, rows)


@pytest.fixture(scope="module")
def marts(dbt_session: Warehouse) -> dict[str, Rows]:
    dbt_session.reset()
    stays = Stays(dbt_session)
    group = {"mdc": "Z", "adrg": "ZZ1", "partition": "medical", "risk_grade": 1, "valid_from": "2025-01-01"}
    codes = ("F19", "F20", "E11", "E12", "K35", "S01", "M01")
    dbt_session.refer("drg", [group | {"drg_code": c, "drg_name": c, "weight": 1} for c in codes])
    standards = {"F19": ("12000", None), "E11": ("5000", None), "E12": ("5000", None), "K35": ("3200", "2800")}
    dbt_session.refer(
        "drg_standards",
        [
            {"drg_code": c, "level": "all", "payment_standard": s, "cost_ceiling": top, "valid_from": "2025-01-01"}
            for c, (s, top) in standards.items()
        ],
    )
    stays.add("H02", "E11", 5000, 7, "basal insulin")
    stays.add("H03", "E11", 8000, 10, "GLP-1")
    stays.add("H01", "F19", 12000, 7, STAPLER=3000)
    stays.add("H02", "F19", 8000, 7, SUTURE=200)
    stays.add("H02", "F19", 7000, 7, SUTURE=200)
    for member, cost, nights in (
        ("H01", 5500, 5),
        ("H02", 5400, 5),
        ("H03", 5395, 5),
        ("T01", 4000, 7),
        ("T02", 4000, 6),
    ):
        stays.add(member, "E12", cost, nights)
    stays.add("H01", "F20", 12000, 7, month="2026-09")
    stays.add("H01", "F20", 8500, 7)
    stays.add("H01", "K35", 2800, 5)
    stays.add("H02", "K35", 2900, 5)
    stays.add("H02", "S01", "0.01", 1)
    stays.add("H02", "S01", "0.02", 1)
    stays.deliver()
    dbt_session.build(*MARTS)
    return {
        name: dbt_session.rows(f"from cost.{name} order by all")
        for name in ("drg_cost", "drg_driver", "care_path", "drg_alert")
    }


def group(marts: dict[str, Rows], drg: str) -> dict[str, dict[str, Any]]:
    return {row["member_id"]: row for row in marts["drg_cost"] if row["drg_code"] == drg}


def test_tc_28_standard_against_cost(marts: dict[str, Rows]) -> None:
    """Standard 5,000: plan A at 5,000 and 7 days leaves 0, plan B at 8,000 and 10 days -3,000; A is suggested."""
    members = group(marts, "E11")
    assert {m: (g["payment_standard"], g["margin_per_case"], g["mean_los"]) for m, g in members.items()} == {
        "H02": (5000, 0, 7),
        "H03": (5000, -3000, 10),
    }
    assert {g["peer_best_cost"] for g in members.values()} == {5000}
    paths = {row["care_path"]: row for row in marts["care_path"]}
    assert {name: (row["is_best"], row["saving_vs_current"]) for name, row in paths.items()} == {
        "basal insulin": (True, 1500),
        "GLP-1": (False, -1500),
    }


def test_tc_29_gap_to_the_region(marts: dict[str, Rows]) -> None:
    """F19: 12,000 here, 9,000 in the region, +33.33 %; a stapler is 2,800 dearer than sutures; at 8,500 -29.17 %."""
    here = group(marts, "F19")["H01"]
    assert (here["region_mean_cost"], here["cost_ratio_to_region"]) == (9000, Decimal("1.333333"))
    driver = next(row for row in marts["drg_driver"] if row["member_id"] == "H01")
    assert (driver["item_code"], driver["use_rate"], driver["region_use_rate"]) == ("STAPLER", 1, Decimal("0.333333"))
    assert (driver["excess_cost_per_case"], driver["rank"]) == (2000, 1)
    sutures = next(row for row in marts["drg_driver"] if row["item_code"] == "SUTURE")
    assert driver["cost_per_piece"] - sutures["cost_per_piece"] == 2800
    after = next(row for row in marts["drg_cost"] if (row["drg_code"], row["period"]) == ("F20", PERIOD))
    assert (after["previous_mean_cost"], after["cost_change"]) == (12000, Decimal("-0.291667"))


def test_tc_29_consumables_in_cost(marts: dict[str, Rows], dbt_session: Warehouse, tmp_path: Path) -> None:
    """F19: 5,400 of 12,000 here, 2,700 of 9,000 in the region; afterwards 2,125 of 8,500.

    Reported costs have no parts, so the cases are given theirs in a copy, and the mart's own query is asked again.
    """
    parts = {("F19", 12000): 5400, ("F19", 8000): 1350, ("F19", 7000): 1350, ("F20", 8500): 2125}
    shutil.copy(dbt_session.database, tmp_path / "warehouse.duckdb")
    compiled = dbt_session.target / "compiled" / "yilian" / "models" / "marts" / "cost" / "cost__drg_cost.sql"
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        for (drg, total), consumable in parts.items():
            connection.execute(
                "update intermediate.int_cost__drg_case set consumable = ? where drg_code = ? and total_cost = ?",
                (consumable, drg, total),
            )
        asked = f"select mean_consumable, consumable_share, region_consumable_share from ({compiled.read_text()})"
        here = f"{asked} where member_id = 'H01' and period = '{PERIOD}' and drg_code = ?"
        before, after = (connection.execute(here, (drg,)).fetchone() for drg in ("F19", "F20"))
    assert before == (5400, Decimal("0.45"), Decimal("0.3"))
    assert after is not None
    assert after[:2] == (2125, Decimal("0.25"))


def test_tc_30_over_standard_watch_and_normal(marts: dict[str, Rows]) -> None:
    """Standard 5,000: +10 % alerts, +8 % is near, +7.9 % neither; 7 days beyond 1.2 x median (5) are watched, 6 not."""
    status = {member: row["status"] for member, row in group(marts, "E12").items()}
    assert status == {"H01": "over_standard", "H02": "watch", "H03": "normal", "T01": "watch", "T02": "normal"}


def test_alerts_name_value_threshold_and_dearest_component(marts: dict[str, Rows]) -> None:
    """S3-DRG-13: over from 5,500, near from 5,400, a ceiling of 2,800 broken, seven days beyond six."""
    alerts = {
        (row["drg_code"], row["member_id"], row["alert"]): (row["value"], row["threshold"])
        for row in marts["drg_alert"]
        if row["period"] == PERIOD
    }
    assert alerts == {
        ("E11", "H03", "over_standard"): (8000, 5500),
        ("E12", "H01", "over_standard"): (5500, 5500),
        ("E12", "H02", "near_standard"): (5400, 5400),
        ("E12", "T01", "long_stay"): (7, 6),
        ("K35", "H02", "over_ceiling"): (2900, 2800),
    }


def test_spread_of_a_group(marts: dict[str, Rows]) -> None:
    """F19 at H02: 7,000 and 8,000; peers are H02 alone among secondary members."""
    here = group(marts, "F19")["H02"]
    assert (here["p25_cost"], here["median_cost"], here["p75_cost"]) == (7250, 7500, 7750)
    assert (here["cost_variation"], here["peer_mean_cost"]) == (Decimal("0.066667"), 7500)


def test_tc_54_pathway_ceiling(marts: dict[str, Rows]) -> None:
    """Standard 3,200, ceiling 2,800: at 2,800 a surplus of 400; at 2,900 the ceiling is broken though 300 remain."""
    members = group(marts, "K35")
    assert [(g["margin_per_case"], g["is_over_ceiling"]) for g in members.values()] == [(400, False), (300, True)]


def test_means_are_exact_and_half_up(marts: dict[str, Rows]) -> None:
    assert group(marts, "S01")["H02"]["mean_cost"] == Decimal("0.02")
