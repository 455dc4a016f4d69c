"""A little consortium told case by case: each rule's hit and near-miss, with the rules that must find it.

Belongs here: how a stay, a visit and their charges are written down, and the stories. The items, pairs and limits they
need stand beside in CSV. Not here: what is asserted (test_risk_rules.py, which loads this file by its path).
"""

from __future__ import annotations

import csv
import runpy
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

Row = dict[str, Any]


@cache
def reference(seed: str) -> tuple[Row, ...]:
    """The few items, pairs and limits that the stories need; a cell left empty is left out."""
    with (Path(__file__).parent / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        return tuple({name: cell for name, cell in row.items() if cell} for row in csv.DictReader(file))


class Story:
    """Writes cases down and delivers them. Amounts: every item costs 10 yuan unless the charge says otherwise."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
        self.expected: dict[str, set[str]] = {}
        self._charges = 0

    def stay(
        self,
        name: str,
        patient: str,
        start: str,
        days: int,
        finds: str = "",
        *,
        member: str = "H01",
        served: bool = True,
        fund: int = 5000,
        drg: str | None = None,
        **facts: Any,
    ) -> str:
        """An inpatient stay with its settlement, a bed and an infusion a day. `finds`: rules that must hit it."""
        begin = datetime.fromisoformat(f"{start}T10:00:00") if "T" not in start else datetime.fromisoformat(start)
        end = begin + timedelta(days=days)
        self._case(name, patient, member, begin, finds, encounter_type="inpatient", ended_at=end, **facts)
        self._settle(name, member, end.date(), fund, drg)
        for day in range(max(days, 1)):
            self.charge(name, "BED", begin.date() + timedelta(days=day), member=member)
            if served:
                self.charge(name, "INFUSION", begin.date() + timedelta(days=day), member=member)
        return name

    def visit(
        self, name: str, patient: str, start: str, finds: str = "", *, member: str = "H01", fund: int = 60, **facts: Any
    ) -> str:
        """An outpatient visit with its settlement."""
        begin = datetime.fromisoformat(f"{start}T09:00:00")
        self._case(name, patient, member, begin, finds, encounter_type="outpatient", **facts)
        self._settle(name, member, begin.date(), fund, None)
        return name

    def charge(
        self,
        encounter: str,
        item: str,
        on: date | str,
        quantity: object = 1,
        price: object = 10,
        *,
        member: str = "H01",
        at: str = "08:00:00",
        **facts: Any,
    ) -> str:
        """A charge line; returns its number."""
        self._charges += 1
        number = f"L{self._charges:04d}"
        entry = next(row for row in reference("items") if row["item_code"] == item)
        amount = (Decimal(str(quantity)) * Decimal(str(price))).quantize(Decimal("0.01"))
        self.add(
            "charge_lines",
            member,
            {
                "charge_id": number,
                "encounter_id": encounter,
                "charged_at": f"{on}T{at}",
                "item_code": item,
                "item_name": entry["item_name"],
                "charge_class": entry["charge_class"],
                "quantity": quantity,
                "unit_price": price,
                "amount": amount,
                "ordering_dept": "D1",
                "executing_dept": "D1",
                **facts,
            },
        )
        return number

    def add(self, extract: str, member: str, row: Row) -> None:
        """A row of any extract."""
        self.rows[extract, member].append(row)

    def deliver(self, warehouse: Warehouse, period: str = "2026-10") -> None:
        """Lays everything into the lake as one delivery of the period, with the reference data of the stories."""
        for (extract, member), rows in self.rows.items():
            warehouse.deliver(extract, member, period, rows, on=date(2026, 10, 31))
        for seed in ("items", "item_pairs", "drug_limits", "exam_indications", "drg", "risk_list_entries"):
            warehouse.refer(seed, reference(seed))

    def _case(self, name: str, patient: str, member: str, begin: datetime, finds: str, **facts: Any) -> None:
        self.expected[name] = set(finds.split())
        standing = {
            "sex": "F",
            "age_years": 50,
            "payer": "resident",
            "primary_diagnosis": "J44.1",
            "disposition": "home",
        }
        self.add(
            "encounters",
            member,
            {
                "encounter_id": name,
                "patient_id": patient,
                "dept_code": "D1",
                "doctor_id": "DR",
                "started_at": begin,
                "is_local_resident": True,
                **standing,
                **facts,
            },
        )

    def _settle(self, name: str, member: str, day: date, fund: int, drg: str | None) -> None:
        self.add(
            "settlements",
            member,
            {
                "settlement_id": f"S-{name}",
                "encounter_id": name,
                "claimed_on": day,
                "settled_on": day,
                "drg_code": drg,
                "total_charge": fund + 1000,
                "fund_paid": fund,
                "patient_paid": 1000,
                "denied_amount": 0,
            },
        )


def admissions(story: Story) -> None:
    story.stay("R01-first", "P01", "2026-10-01", 3)
    story.stay("R01-hit", "P01", "2026-10-09", 3, "R01")  # five days later, same disease
    story.stay("R01-last-day", "P01b", "2026-10-01", 2)
    story.stay("R01-day-15", "P01b", "2026-10-18", 2, "R01")  # the window's last day counts
    story.stay("R01-early", "P01c", "2026-10-01", 2)
    story.stay("R01-day-16", "P01c", "2026-10-19", 2)
    story.stay("R01-lung", "P01d", "2026-10-01", 3)
    story.stay("R01-other-disease", "P01d", "2026-10-09", 3, primary_diagnosis="K52.9")
    story.stay("R01-left", "P01e", "2026-10-01", 3, disposition="transfer")
    story.stay("R01-after-transfer", "P01e", "2026-10-09", 3)
    story.stay("R01-planned-first", "P01f", "2026-10-01", 3)
    story.stay("R01-planned", "P01f", "2026-10-09", 3, is_planned_readmission=True)
    story.stay("R01-chemo-1", "P01g", "2026-10-01", 3, primary_diagnosis="Z51.1")
    story.stay("R01-chemo-2", "P01g", "2026-10-09", 3, primary_diagnosis="Z51.1")

    story.stay("R02-first", "P02", "2026-10-01", 3)
    story.stay("R02-hit", "P02", "2026-10-08", 3, "R02", member="H02")
    story.stay("R02-referred-from", "P02b", "2026-10-01", 3)
    story.stay("R02-referred", "P02b", "2026-10-08", 3, member="H02")
    story.add(
        "referrals",
        "H01",
        {
            "referral_id": "F1",
            "patient_id": "P02b",
            "from_member_id": "H01",
            "to_member_id": "H02",
            "direction": "down",
            "referred_on": "2026-10-04",
            "condition_type": "stable",
            "diagnosis": "J44.1",
        },
    )
    story.stay("R02-early", "P02c", "2026-10-01", 3)
    story.stay("R02-day-8", "P02c", "2026-10-12", 3, member="H02")

    story.stay("R03-first", "P03", "2026-10-01", 3)
    story.stay("R03-hit", "P03", "2026-10-04T15:00:00", 3, "R03", primary_diagnosis="I10.x")
    story.stay("R03-before", "P03b", "2026-10-01", 3)
    story.stay("R03-next-day", "P03b", "2026-10-05", 3, primary_diagnosis="I10.x")

    story.stay("R06-first", "P06", "2026-10-01", 5)
    story.stay("R06-hit", "P06", "2026-10-04", 4, "R06", member="H02", primary_diagnosis="I10.x")
    story.stay("R06-touching-first", "P06b", "2026-10-01", 5)
    story.stay("R06-touching", "P06b", "2026-10-06T16:00:00", 2, member="H02", primary_diagnosis="I10.x")

    story.stay("R05-stay", "P05", "2026-10-01", 5)
    story.visit("R05-hit", "P05", "2026-10-03", "R05", member="H02")
    story.visit("R05-admission-day", "P05", "2026-10-01")
    story.visit("R05-discharge-day", "P05", "2026-10-06")
    story.visit("R05-consulted", "P05", "2026-10-04", member="H02")
    story.add(
        "remote_services",
        "H02",
        {
            "service_id": "V1",
            "service_kind": "tele_consultation",
            "performed_on": "2026-10-04",
            "performing_member_id": "H02",
            "requesting_member_id": "H01",
            "encounter_id": "R05-consulted",
        },
    )

    for name, day, found in (("CLAIM-hit", "2026-10-02", "S5-RISK-01"), ("CLAIM-next-day", "2026-10-03", "")):
        story.visit(f"{name}-first", name, "2026-10-02", member="H02")
        story.charge(f"{name}-first", "GAS", "2026-10-02", member="H02", price=8)
        story.visit(name, name, day, found)
        story.charge(name, "GAS", day, at="15:00:00")

    story.stay("R11-death", "P11", "2026-10-01", 2, disposition="died")
    story.visit("R11-hit", "P11", "2026-10-05", "R11")
    story.visit("R11-before", "P11", "2026-09-30")

    for number, month in enumerate(("03", "04", "05", "06", "07"), start=1):
        story.stay(f"R13-{number}", "P13", f"2026-{month}-01", 2)
        story.stay(f"R13-dialysis-{number}", "P13b", f"2026-{month}-01", 2, primary_diagnosis="Z49.1")
    story.stay("R13-hit", "P13", "2026-10-01", 2, "R13")
    story.stay("R13-dialysis-6", "P13b", "2026-10-01", 2, primary_diagnosis="Z49.1")

    # TC-21: day 0, 3, 6 is three within a week; day 0, 3, 8 is not
    for start, found in (("2026-10-01", ""), ("2026-10-04", ""), ("2026-10-07", "S2-RISK-44")):
        story.stay(f"TC21-{start}", "P44", start, 1, found, primary_diagnosis=f"{start[-1]}10.x")
    for start in ("2026-10-01", "2026-10-04", "2026-10-09"):
        story.stay(f"TC21-apart-{start}", "P44b", start, 1, primary_diagnosis=f"{start[-1]}10.x")


def days_of_stay(story: Story) -> None:
    story.stay("R04-hit", "P04", "2026-10-01", 6, "R04", served=False)
    for day in ("2026-10-01", "2026-10-02", "2026-10-03", "2026-10-06"):
        story.charge("R04-hit", "INFUSION", day)  # served on 1, 2, 3: the 4th and 5th are empty, 2 of 6 days
    story.stay("R04-one-day", "P04b", "2026-10-01", 6, served=False)
    for day in ("2026-10-02", "2026-10-03", "2026-10-04", "2026-10-05"):
        story.charge("R04-one-day", "INFUSION", day)  # only the 6th is empty
    story.stay("R04-long", "P04c", "2026-10-01", 10, served=False)
    for day in range(2, 9):
        story.charge("R04-long", "INFUSION", f"2026-10-{day:02d}")  # two of ten days: below the share

    # R07: two days, weight 0.4, exams 40 of 61 yuan; with an infusion it is treatment
    story.stay("R07-hit", "P07", "2026-10-01", 2, "R07", served=False, drg="GW19")
    story.stay("R07-treated", "P07b", "2026-10-01", 2, drg="GW19")
    story.stay("R07-heavier", "P07c", "2026-10-01", 2, served=False, drg="ET29")
    for name in ("R07-hit", "R07-treated", "R07-heavier"):
        story.charge(name, "GAS", "2026-10-01", price=40)
        story.charge(name, "STATIN", "2026-10-02", price=1)
    # R08: exams 80 % of the bill and drugs 4 %, against exams 78 %
    for name, exam, found in (("R08-hit", 160, "R08"), ("R08-less", 140, "")):
        story.stay(name, name, "2026-10-01", 4, found, served=False)
        for day in (2, 3, 4):
            story.charge(name, "ALT", f"2026-10-{day:02d}", price=1)
        story.charge(name, "GAS", "2026-10-01", price=exam)

    story.stay("R09-hit", "P09", "2026-10-01", 3, "R09")
    for day in (4, 5):
        story.charge("R09-hit", "BED", f"2026-10-{day:02d}")  # 5 bed days on 3 + 1
    story.stay("R09-day-out", "P09b", "2026-10-01", 3)
    story.charge("R09-day-out", "BED", "2026-10-04")

    story.stay("R10-hit", "P10", "2026-10-01", 3, "R10")
    story.charge("R10-hit", "INFUSION", "2026-10-06")
    story.stay("R10-grace", "P10b", "2026-10-01", 3)
    story.charge("R10-grace", "INFUSION", "2026-10-05")
    story.charge("R10-grace", "GAS", "2026-10-08")  # a late laboratory result
    story.stay("R10-before", "P10c", "2026-10-02", 3, "R10")
    story.charge("R10-before", "INFUSION", "2026-10-01")
    story.stay("R10-refunded", "P10d", "2026-10-01", 3)
    story.charge("R10-refunded", "INFUSION", "2026-10-07")
    story.charge("R10-refunded", "INFUSION", "2026-10-08", quantity=-1)
    story.stay("R10-died", "P10e", "2026-10-01", 2, "R10", disposition="died")
    story.charge("R10-died", "INFUSION", "2026-10-04", at="09:00:00")

    # TC-77: three days of intensive bed charged, two lived in
    story.stay("TC77-hit", "P39", "2026-10-01", 4, "S2-RISK-39", served=True)
    story.stay("TC77-true", "P39b", "2026-10-01", 4)
    for name, nights in (("TC77-hit", 2), ("TC77-true", 3)):
        story.rows["charge_lines", "H01"] = [
            row
            for row in story.rows["charge_lines", "H01"]
            if not (row["encounter_id"] == name and row["item_code"] == "BED" and row["charged_at"] < "2026-10-04")
        ]
        for day in (1, 2, 3):
            story.charge(name, "ICU", f"2026-10-{day:02d}")
        for day in (1, 2, 3, 4):
            tier = "critical" if day <= nights else "general"
            story.add(
                "bed_days",
                "H01",
                {
                    "encounter_id": name,
                    "census_date": f"2026-10-{day:02d}",
                    "bed_tier": tier,
                    "dept_code": "D1",
                },
            )

    story.stay("R42-hit", "P42", "2026-10-01", 3, "R42")
    story.charge("R42-hit", "CARE1", "2026-10-02", price=30)
    story.charge("R42-hit", "CARE2", "2026-10-02", price=20)
    story.stay("R42-changed", "P42b", "2026-10-01", 3)
    story.charge("R42-changed", "CARE1", "2026-10-01", price=30)
    story.charge("R42-changed", "CARE2", "2026-10-02", price=20)


def charges(story: Story) -> None:
    # R37: the name of an electrocardiogram on an infusion; a brand's name and one much like its own say nothing
    for name, written, found in (
        ("R37-hit", "心电图", "R37"),
        ("R37-brand", "欧林静滴", ""),
        ("R37-alike", "Ⅱ级护理", ""),
    ):
        story.visit(name, name, "2026-10-02", found)
        story.charge(name, "INFUSION" if name != "R37-alike" else "CARE1", "2026-10-02", item_name=written)

    story.visit("R30-hit", "P30", "2026-10-02", "R30")
    story.charge("R30-hit", "GAS", "2026-10-02", at="08:00:00")
    story.charge("R30-hit", "POTASSIUM", "2026-10-02", at="13:59:00")
    story.visit("R30-later", "P30b", "2026-10-02")
    story.charge("R30-later", "GAS", "2026-10-02", at="08:00:00")
    story.charge("R30-later", "POTASSIUM", "2026-10-02", at="14:00:00")

    story.visit("TC76-hit", "P31", "2026-10-02", "R31")
    story.charge("TC76-hit", "ROUND", "2026-10-02", at="08:00:00")
    story.charge("TC76-hit", "ROUND", "2026-10-02", at="16:00:00")
    story.visit("TC76-next-day", "P31b", "2026-10-02")
    story.charge("TC76-next-day", "ROUND", "2026-10-02")
    story.charge("TC76-next-day", "ROUND", "2026-10-03")
    story.visit("TC76-refunded", "P31c", "2026-10-02")
    story.charge("TC76-refunded", "ROUND", "2026-10-02", at="08:00:00")
    story.charge("TC76-refunded", "ROUND", "2026-10-02", at="09:00:00")
    story.charge("TC76-refunded", "ROUND", "2026-10-02", quantity=-1, at="10:00:00")

    story.visit("R32-hit", "P32", "2026-10-02", "R32")
    story.charge("R32-hit", "CT", "2026-10-02", price="200.01")
    story.visit("R32-at-limit", "P32b", "2026-10-02")
    story.charge("R32-at-limit", "CT", "2026-10-02", price=200)
    story.visit("R32-lower-level", "P32c", "2026-10-02", "R32", member="T01")
    story.charge("R32-lower-level", "CT", "2026-10-02", price=170, member="T01")

    story.visit("R33-first", "P33", "2026-10-01")
    story.visit("R33-hit", "P33", "2026-10-15", "R33")
    story.charge("R33-first", "HBA1C", "2026-10-01")
    story.charge("R33-hit", "HBA1C", "2026-10-15")  # the fifteenth day of the window
    story.visit("R33-before", "P33b", "2026-10-01")
    story.visit("R33-day-16", "P33b", "2026-10-16")
    story.charge("R33-before", "HBA1C", "2026-10-01")
    story.charge("R33-day-16", "HBA1C", "2026-10-16")

    story.stay("R34-hit", "P34", "2026-10-01", 3, "R34")
    story.charge("R34-hit", "MONITOR", "2026-10-02", quantity=20)
    story.charge("R34-hit", "MONITOR", "2026-10-02", quantity=6, at="20:00:00")
    story.stay("R34-full-day", "P34b", "2026-10-01", 3)
    story.charge("R34-full-day", "MONITOR", "2026-10-02", quantity=24)

    story.visit("R35-hit", "P35", "2026-10-02", "R35")
    story.charge("R35-hit", "PANEL", "2026-10-02")
    story.charge("R35-hit", "ALT", "2026-10-02", at="09:00:00")
    story.visit("R35-alone", "P35b", "2026-10-02")
    story.charge("R35-alone", "ALT", "2026-10-02")

    story.stay("R39-hit", "P39c", "2026-10-01", 3, "R39")
    story.charge("R39-hit", "STENT", "2026-10-02")
    story.charge("R39-hit", "APPENDIX", "2026-10-02")  # an operation, but not the stent's
    story.stay("R39-fitting", "P39d", "2026-10-01", 3)
    story.charge("R39-fitting", "STENT", "2026-10-02")
    story.charge("R39-fitting", "PCI", "2026-10-02")
    story.stay("R39-stapler", "P39e", "2026-10-01", 5, "R39")
    story.charge("R39-stapler", "STAPLER", "2026-10-04")
    story.charge("R39-stapler", "APPENDIX", "2026-10-02")  # two days before
    story.stay("R39-stapler-next-day", "P39f", "2026-10-01", 5)
    story.charge("R39-stapler-next-day", "STAPLER", "2026-10-03")
    story.charge("R39-stapler-next-day", "APPENDIX", "2026-10-02")

    for name, price, found in (("R36-hit", "300.01", "R36"), ("R36-halved", "300", "")):
        story.stay(name, name, "2026-10-01", 3, found)
        story.charge(name, "GALL", "2026-10-02", price=1000)
        story.charge(name, "APPENDIX", "2026-10-02", price=price)
    story.stay("R36-two-days", "P36c", "2026-10-01", 4)
    story.charge("R36-two-days", "GALL", "2026-10-02", price=1000)
    story.charge("R36-two-days", "APPENDIX", "2026-10-03", price=600)

    story.stay("R40-hit", "P40", "2026-10-01", 3, "R40")
    story.charge("R40-hit", "GA", "2026-10-02")
    story.charge("R40-hit", "APPENDIX", "2026-10-02")
    story.stay("R40-complete", "P40b", "2026-10-01", 3)
    for item in ("GA", "GAWATCH", "APPENDIX"):
        story.charge("R40-complete", item, "2026-10-02")
    story.stay("R40-no-operation", "P40c", "2026-10-01", 3, "R40")
    story.charge("R40-no-operation", "GAWATCH", "2026-10-02")

    story.visit("R41-hit", "P41", "2026-10-10", "R41")
    story.charge("R41-hit", "STATIN", "2026-10-10", quantity=10, price="1.02")
    story.visit("R41-after-dearer-purchase", "P41b", "2026-10-20")
    story.charge("R41-after-dearer-purchase", "STATIN", "2026-10-20", quantity=10, price="1.02")
    for number, (day, price) in enumerate((("2026-10-01", "1.00"), ("2026-10-15", "1.02"))):
        story.add(
            "purchases",
            "H01",
            {
                "purchase_id": f"B{number}",
                "item_code": "STATIN",
                "item_name": "他汀",
                "item_class": "drug",
                "quantity": 100,
                "unit_price": price,
                "amount": Decimal(price) * 100,
                "ordered_on": day,
                "received_on": day,
            },
        )

    story.stay("R22-hit", "P22", "2026-10-01", 3, "R22", drg="GD29")
    story.stay("R22-billed", "P22b", "2026-10-01", 3, drg="GD29")
    story.charge("R22-billed", "APPENDIX", "2026-10-02")
    story.stay("R20-hit", "P20", "2026-10-01", 3, "R20", drg="BR13", primary_diagnosis="I61.0")
    story.stay("R20-supported", "P20b", "2026-10-01", 3, drg="BR13", primary_diagnosis="I61.0")
    story.add("diagnoses", "H01", {"encounter_id": "R20-supported", "seq": 2, "icd10": "E11.9"})
    story.stay("R20-light", "P20c", "2026-10-01", 3, drg="BR15", primary_diagnosis="I61.0")


def groups(story: Story) -> None:
    """Billed groups against the made-up national tables (drg_tables/) and against what was charged."""

    def coded(
        name: str, drg: str, principal: str, finds: str, secondary: str = "", procedure: str = "", **facts: Any
    ) -> None:
        story.stay(name, name, "2026-10-01", 3, finds, drg=drg, primary_diagnosis=principal, **facts)
        for seq, code in enumerate(secondary.split(), start=2):
            story.add("diagnoses", "H01", {"encounter_id": name, "seq": seq, "icd10": code})
        if procedure:
            row = {"encounter_id": name, "seq": 1, "icd9cm3": procedure, "performed_on": "2026-10-02"}
            story.add("procedures", "H01", row)

    coded(
        "R20-unshown", "BR13", "I61.0", "R20", "J96.0"
    )  # respiratory failure without a blood gas, oxygen or ventilator
    coded("R20-shown", "BR13", "I61.0", "", "J96.0")
    story.charge("R20-shown", "GAS", "2026-10-02")
    coded("R20-excluded", "BR13", "S06.0", "R20", "I61.0")  # no complication beside this principal diagnosis
    # gastroenteritis kept in hospital as a bleeding brain, and paid three times its bill
    coded("R21-hit", "BR13", "I61.0", "R21", "E11.9 K52.9")
    coded("R21-dear", "BR13", "I61.0", "", "E11.9 K52.9", fund=12000)
    coded("R21-nothing-done", "BR13", "I61.0", "", "E11.9 K52.9")
    for name in ("R21-hit", "R21-dear"):
        story.charge(name, "GASTRO", "2026-10-02")
    coded("RISK16-hit", "GD29", "K35.8", "S2-RISK-16")  # no operation coded
    coded("RISK16-coded", "GD29", "K35.8", "", procedure="47.01")
    for name in ("RISK16-hit", "RISK16-coded"):
        story.charge(name, "APPENDIX", "2026-10-02")
    coded("R22-coded", "GD29", "K35.8", "R22", procedure="47.01")
    coded("UNGROUPED", "BR13", "I61.9", "", "E11.9")


def people_and_stock(story: Story) -> None:
    """What shows only beside the family doctor's list, the payroll, the stock or the day's other visits."""
    for number in range(6):
        near = number == 5  # a sixth of the same list the day after
        name, patient = f"R12-{number}", f"P12-{number}"
        story.stay(name, patient, f"2026-10-0{4 if near else 3}", 2, "" if near else "R12", primary_diagnosis="M54.5")
        row = {"contract_id": f"K{number}", "patient_id": patient, "gp_id": "GP", "signed_on": "2026-01-01"}
        story.add("family_contracts", "T01", row)
    for number in range(4):
        story.stay(f"R12-four-{number}", f"P12b-{number}", "2026-10-06", 2, primary_diagnosis="M54.5")

    story.visit("R23-hit", "P23", "2026-10-02", "R23", sex="F", primary_diagnosis="N40.x")
    story.visit("R23-man", "P23b", "2026-10-02", sex="M", primary_diagnosis="N40.x")
    story.visit("R23-cause", "P23c", "2026-10-02", "R23", primary_diagnosis="W19.0")
    story.visit("R23-unknown", "P23d", "2026-10-02", sex="U", primary_diagnosis="N40.x")

    # R38: 102 gloves are within 2 % of 100, 103 are not; the last three are the excess
    for member, billed, found in (("H01", 103, "R38"), ("H02", 102, "")):
        story.visit(f"R38-{member}", f"P38-{member}", "2026-10-02", member=member)
        story.charge(f"R38-{member}", "GLOVE", "2026-10-02", quantity=billed - 3, member=member)
        story.visit(f"R38-last-{member}", f"P38b-{member}", "2026-10-03", found, member=member)
        story.charge(f"R38-last-{member}", "GLOVE", "2026-10-03", quantity=3, member=member)
        stock = {
            "item_code": "GLOVE",
            "item_class": "consumable",
            "opening_qty": 20,
            "received_qty": 90,
            "closing_qty": 10,
        }
        story.add("stock", member, stock)

    for name, facts, found in (("R43-hit", {}, "R43"), ("R43-self", {"payer": "self"}, "")):
        story.visit(name, name, "2026-10-02", found, **facts)
        story.charge(name, "BEAUTY", "2026-10-02", in_insurance_catalog=True)
    story.visit("R43-own-pay", "P43c", "2026-10-02")
    story.charge("R43-own-pay", "BEAUTY", "2026-10-02")

    for name, day, found in (("R55-hit", "2026-10-02", "R55"), ("R55-next-day", "2026-10-03", "")):
        story.stay(name, name, "2026-10-01", 4, found)
        story.charge(name, "PPI1", "2026-10-02", price=5)
        story.charge(name, "PPI2", day, price=3)

    for number in range(101):
        story.visit(f"R67-{number:03d}", f"P67-{number}", "2026-10-05", "R67" if number == 100 else "", doctor_id="D67")
        story.visit(
            f"R67-full-{number:03d}", f"P67b-{number}", "2026-10-05", doctor_id="D67b" if number < 100 else "DR"
        )

    for person in ("DR", "D67", "D67b"):
        story.add("payroll", "H01", {"person_id": person, "role": "doctor"})
    story.visit("R69-hit", "P69", "2026-10-02", "R69", doctor_id="NOBODY")
    story.visit("R69-sent", "P69b", "2026-10-02", doctor_id="GUEST")
    story.add("staff_support", "H02", {
        "support_id": "SU1", "person_id": "GUEST", "from_member_id": "H02", "to_member_id": "H01",
        "support_kind": "posted", "started_on": "2026-10-01", "days": 20,
    })  # fmt: skip
    story.visit("R69-no-payroll", "P69c", "2026-10-02", member="T01", doctor_id="NOBODY")

    for name, sessions, found in (("R70-hit", 15, "R70"), ("R70-fourteen", 14, "")):
        story.visit(name, name, "2026-10-01", found)
        for number in range(sessions):
            story.charge(name, "DIALYSIS", f"2026-10-{1 + 2 * number:02d}")
    for name, at, found in (("R70-soon", "03:59:00", "R70"), ("R70-rested", "04:00:00", "")):
        story.visit(name, name, "2026-10-01", found)
        story.charge(name, "DIALYSIS", "2026-10-01", at="08:00:00")
        story.charge(name, "DIALYSIS", "2026-10-02", at=at)


def drugs_and_services(story: Story) -> None:
    story.visit("R50-level", "P50", "2026-10-02", "R50", member="T01", primary_diagnosis="K74.6")
    story.charge("R50-level", "ALBUMIN", "2026-10-02", member="T01")
    story.visit("R50-allowed", "P50b", "2026-10-02", primary_diagnosis="K74.6")
    story.charge("R50-allowed", "ALBUMIN", "2026-10-02")
    story.visit("R50-payer", "P50c", "2026-10-02", "R50")
    story.charge("R50-payer", "WORKER", "2026-10-02")
    story.visit("R50-worker", "P50d", "2026-10-02", payer="employee")
    story.charge("R50-worker", "WORKER", "2026-10-02")
    story.visit("R50-self", "P50e", "2026-10-02", payer="self")
    story.charge("R50-self", "WORKER", "2026-10-02")

    story.visit("R51-hit", "P51", "2026-10-02", "R51")
    story.charge("R51-hit", "ALBUMIN", "2026-10-02")
    story.visit("R51-secondary-diagnosis", "P51b", "2026-10-02")
    story.charge("R51-secondary-diagnosis", "ALBUMIN", "2026-10-02")
    story.add("diagnoses", "H01", {"encounter_id": "R51-secondary-diagnosis", "seq": 2, "icd10": "K70.3"})

    # rule lists by national code
    for name, kind, found in (("LIST-setting", "visit", "R50"), ("LIST-ward", "stay", "")):
        if kind == "visit":
            story.visit(name, name, "2026-10-02", found)
        else:
            story.stay(name, name, "2026-10-01", 3, found)
        story.charge(name, "WARDDRUG", "2026-10-02")
    for name, age, found in (("LIST-adult", 18, "R52"), ("LIST-child", 17, "")):
        story.visit(name, name, "2026-10-02", found, age_years=age)
        story.charge(name, "CHILDDRUG", "2026-10-02")
    for name, days, found in (("R53-service", (1, 8, 11), "R53"), ("R53-service-in-time", (1, 8, 10), "")):
        story.visit(name, name, "2026-10-01", found)
        for day in days:
            story.charge(name, "SWALLOW", f"2026-10-{day:02d}")
    for name, second, found in (("LIST-pair", "2026-10-05", "R30"), ("LIST-alone", None, "")):
        story.stay(name, name, "2026-10-01", 6, found)
        story.charge(name, "CRYO", "2026-10-02")
        if second:
            story.charge(name, "CRYOMAIN", second)

    story.visit("R52-hit", "P52", "2026-10-02", "R52", age_years=17)
    story.charge("R52-hit", "LEVO", "2026-10-02")
    story.visit("R52-of-age", "P52b", "2026-10-02", age_years=18)
    story.charge("R52-of-age", "LEVO", "2026-10-02")

    for name, days, found in (("R53-hit", 15, "R53"), ("R53-course", 14, "")):
        story.visit(name, name, "2026-10-02", found)
        story.charge(name, "EDARAVONE", "2026-10-02", quantity=days)
        story.add(
            "prescriptions",
            "H01",
            {
                "prescription_id": f"RX-{name}",
                "line_no": 1,
                "encounter_id": name,
                "prescribed_on": "2026-10-02",
                "drug_code": "EDARAVONE",
                "quantity": days,
                "days": days,
                "doctor_id": "DR",
                "review": "system",
            },
        )

    # R54: 30 days on the 1st; on the 20th eleven days are left, on the 24th seven
    for name, day, found in (("R54-hit", "2026-10-20", "R54"), ("R54-week-left", "2026-10-24", "")):
        for encounter, start in ((f"{name}-first", "2026-10-01"), (name, day)):
            story.visit(encounter, name, start, found if encounter == name else "")
            story.charge(encounter, "STATIN", start, quantity=30, price=1)
            story.add(
                "prescriptions",
                "H01",
                {
                    "prescription_id": f"RX-{encounter}",
                    "line_no": 1,
                    "encounter_id": encounter,
                    "prescribed_on": start,
                    "drug_code": "STATIN",
                    "quantity": 30,
                    "days": 30,
                    "doctor_id": "DR",
                    "review": "system",
                },
            )

    for name, markers, diagnosis, found in (
        ("R64-panel", 5, "J44.1", "R64"),
        ("R64-four", 4, "J44.1", ""),
        ("R64-tumour", 5, "C34.9", ""),
    ):
        story.visit(name, name, "2026-10-02", found, primary_diagnosis=diagnosis)
        for number in range(markers):
            story.charge(name, f"MARKER{number}", "2026-10-02")
    for name, day, found in (("R64-ct-hit", "2026-10-04", "R64"), ("R64-ct-later", "2026-10-05", "")):
        story.visit(name, name, "2026-10-01", found)
        story.charge(name, "CT", "2026-10-01")
        story.charge(name, "CT", day)

    for name, kinds, found in (("R66-hit", 5, "R66"), ("R66-four", 4, "")):
        story.visit(name, name, "2026-10-02", found)
        for number in range(kinds):
            story.charge(name, f"THERAPY{number}", "2026-10-02")

    # TC-59: ECG at a secondary hospital, again after 19 days, after 35 days, and after one at a primary institution
    for name, source, day, found in (
        ("TC59-hit", "H02", "2026-10-20", "S2-RISK-45"),
        ("TC59-expired", "H02", "2026-11-05", ""),
        ("TC59-primary", "T01", "2026-10-20", ""),
    ):
        story.visit(f"{name}-first", name, "2026-10-01", member=source)
        story.charge(f"{name}-first", "ECG", "2026-10-01", member=source)
        story.visit(name, name, day, found)
        story.charge(name, "ECG", day)
    for name, reason, found in (("RISK45-reported", None, "S2-RISK-45"), ("RISK45-reasoned", "病情变化", "")):
        story.visit(name, name, "2026-10-02", found)
        story.charge(name, "ECG", "2026-10-02")
        story.add(
            "exam_recognitions",
            "H01",
            {
                "recognition_id": f"X-{name}",
                "recognised_on": "2026-10-02",
                "encounter_id": name,
                "item_code": "ECG",
                "source_member_id": "T01",
                "outcome": "repeated",
                "repeat_reason": reason,
                "avoided_amount": 0,
            },
        )

    story.visit("R60-hit", "P60", "2026-10-02", "R60")
    story.charge("R60-hit", "PSA", "2026-10-02")
    story.visit("R60-man", "P60b", "2026-10-02", sex="M")
    story.charge("R60-man", "PSA", "2026-10-02")
    story.visit("R60-unknown", "P60c", "2026-10-02", sex="U")
    story.charge("R60-unknown", "PSA", "2026-10-02")

    story.visit("R61-hit", "P61", "2026-10-02", "R61", age_years=2)
    story.charge("R61-hit", "NEWBORN", "2026-10-02")
    story.visit("R61-one-year", "P61b", "2026-10-02", age_years=1)
    story.charge("R61-one-year", "NEWBORN", "2026-10-02")

    story.visit("R62-female", "P62", "2026-10-02", sex="U")
    story.charge("R62-female", "GYN", "2026-10-02")
    story.charge("R62-female", "GYN", "2026-10-03")
    story.visit("R62-hit", "P62", "2026-10-05", "R62", sex="U")
    story.charge("R62-hit", "PSA", "2026-10-05")
    story.visit("R62-one-side", "P62b", "2026-10-02", sex="U")
    story.charge("R62-one-side", "GYN", "2026-10-02")

    story.visit("TC78-hit", "P63", "2026-10-02", "R63", primary_diagnosis="K29.1")  # acute gastritis + PET-CT
    story.charge("TC78-hit", "PET", "2026-10-02")
    story.visit("TC78-tumour", "P63b", "2026-10-02", primary_diagnosis="C34.9")
    story.charge("TC78-tumour", "PET", "2026-10-02")


def tell() -> Story:
    """All stories in one consortium."""
    story = Story()
    borders = runpy.run_path(str(Path(__file__).with_name("borders.py")))["borders"]
    for chapter in (admissions, days_of_stay, charges, groups, people_and_stock, drugs_and_services, borders):
        chapter(story)
    return story
