"""Every entry of the insurer's published rule lists, broken once and kept once: found exactly.

Inputs stand outside the project (../shared/data, or YILIAN_SHARED_DATA); without them these tests are skipped.

For each entry a person is made up who breaks it by the least, and another who just keeps it; both keep whatever other
lists say of the same drug or service. All of them are judged by all rules that lists feed, in one build.
"""

from __future__ import annotations

import os
import runpy
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.risk import lists

DATA = Path(os.environ.get("YILIAN_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data")) / "cn_yibao_rules"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} isn't there: the published lists stay outside")

RULES = {
    "R30": "r30_duplicate_pair", "R31": "r31_over_daily_maximum", "R33": "r33_over_window_limit",
    "R34": "r34_more_than_24_hours", "R36": "r36_second_operation_full_price", "R50": "r50_drug_beyond_payment_limit",
    "R52": "r52_drug_wrong_sex_or_age", "R53": "r53_drug_beyond_course", "R60": "r60_item_on_wrong_sex",
    "R61": "r61_item_outside_age",
}  # fmt: skip
AGES = {"newborn": (0, 1), "infant": (3, 4), "child": (17, 18), "working": (63, 64)}
"""Of each group of ages the last one in it and the first one beyond."""
START = datetime(2026, 10, 1, 8)
GAPS = {"hour": timedelta(minutes=60), "6h": timedelta(hours=6), "day": timedelta(days=1)}
PRICE = 1000
Entry = dict[str, Any]


def within(window: str, gap: timedelta, *, same_visit: bool) -> bool:
    """Whether two lines of one person count as charged in the same window."""
    if window == "visit":
        return same_visit
    return (START + gap).date() == START.date() if window == "day" else gap < GAPS[window]


class People:
    """Writes one person per call, with encounters and lines, and what must be found of them."""

    def __init__(self, entries: list[Entry]) -> None:
        self.by_code: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            self.by_code[entry["national_code"]].append(entry)
        self.windows: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.group: dict[str, list[str]] = defaultdict(list)
        for entry in entries:
            if entry["list_kind"] == "pair":
                self.windows[entry["national_code"], entry["with_national_code"]].append(entry["pair_window"])
            if entry["list_kind"] == "operations":
                self.group[entry["operation_group"]].append(entry["national_code"])
        self.encounters: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.prescriptions: list[dict[str, Any]] = []
        self.expected: set[tuple[str, str]] = set()
        self.persons = 0

    def keeping(self, *codes: str) -> dict[str, Any]:
        """Facts of an encounter that break nothing that the lists say of these codes."""
        facts: dict[str, Any] = {
            "sex": "F", "age_years": 30, "payer": "employee", "encounter_type": "outpatient", "member": "H01",
        }  # fmt: skip
        for entry in (entry for code in codes for entry in self.by_code[code]):
            facts["sex"] = entry["sex_limit"] or facts["sex"]
            if entry["age_group"]:
                facts["age_years"] = min(facts["age_years"], AGES[entry["age_group"]][0])
            if entry["setting_limit"]:
                facts["encounter_type"] = entry["setting_limit"].split("|")[0]
            if entry["payer_limit"]:
                facts["payer"] = entry["payer_limit"].split("|")[-1]
        return facts

    def visit(self, facts: dict[str, Any], at: datetime = START, person: int | None = None) -> tuple[str, str]:
        """An encounter; returns member and encounter."""
        if person is None:
            self.persons += 1
        row = {key: value for key, value in facts.items() if key != "member"}
        name = f"E{len(self.encounters['H01']) + len(self.encounters['H02']) + len(self.encounters['T01'])}"
        self.encounters[facts["member"]].append({
            "encounter_id": name, "patient_id": f"P{self.persons}", "started_at": at, "primary_diagnosis": "J44.1",
            "ended_at": at + timedelta(days=400) if row["encounter_type"] == "inpatient" else None,
            "doctor_id": "D", **row,
        })  # fmt: skip
        return facts["member"], name

    def charge(
        self, place: tuple[str, str], code: str, at: datetime = START, quantity: int = 1, price: int = 10
    ) -> str:
        """A line; returns its number."""
        member, encounter = place
        number = f"{member}-{len(self.lines[member])}"
        is_drug = code[0] in "XZ"
        kind = "drug" if is_drug else "surgery" if price > 10 else "treatment"
        self.lines[member].append({
            "charge_id": number, "encounter_id": encounter, "charged_at": at, "item_code": code, "item_name": code,
            "charge_class": kind, "quantity": quantity, "unit_price": price, "amount": quantity * price,
        })  # fmt: skip
        return number

    def expect(self, rule: str, line: str) -> None:
        self.expected.add((rule, line))

    def one_line(self, rule: str, code: str, breaking: dict[str, Any]) -> None:
        """Two people with one line each: one with this fact changed, one without."""
        kept = self.keeping(code)
        self.expect(rule, self.charge(self.visit(kept | breaking), code))
        self.charge(self.visit(kept), code)

    def tell(self, entry: Entry) -> None:
        """The two people of an entry."""
        code, kind = entry["national_code"], entry["list_kind"]
        if kind in ("drug_age", "service_age", "working_age"):
            rule = "R52" if kind == "drug_age" else "R61"
            kept = self.keeping(code)
            self.expect(rule, self.charge(self.visit(kept | {"age_years": AGES[entry["age_group"]][1]}), code))
            self.charge(self.visit(kept), code)
        elif kind in ("drug_sex", "service_sex"):
            other = {"F": "M", "M": "F"}[entry["sex_limit"]]
            self.one_line("R52" if kind == "drug_sex" else "R60", code, {"sex": other})
        elif kind == "drug_payer":
            self.one_line("R50", code, {"payer": "resident"})
        elif kind == "drug_setting":
            self.one_line("R50", code, {"encounter_type": "outpatient"})
        elif kind == "drug_level":
            self.one_line("R50", code, {"member": {"secondary": "T01", "tertiary": "H02"}[entry["level_limit"]]})
        elif kind == "drug_course":
            for days in (entry["max_days"] + 1, entry["max_days"]):
                place = self.visit(self.keeping(code))
                line = self.charge(place, code)
                self.prescriptions.append({
                    "prescription_id": line, "line_no": 1, "encounter_id": place[1], "drug_code": code, "days": days,
                    "quantity": days, "doctor_id": "D",
                })  # fmt: skip
                if days > entry["max_days"]:
                    self.expect("R53", line)
        elif kind == "service_course":
            for last in (entry["max_days"], entry["max_days"] - 1):
                place = self.visit(self.keeping(code))
                for day in (0, entry["max_days"] // 2, last):
                    line = self.charge(place, code, START + timedelta(days=day))
                if last == entry["max_days"]:
                    self.expect("R53", line)
        elif kind == "frequency":
            rule, most = ("R34" if entry["is_hourly"] else "R31"), entry["day_limit"]
            self.expect(rule, self.charge(self.visit(self.keeping(code)), code, quantity=most + 1))
            self.charge(self.visit(self.keeping(code)), code, quantity=most)
        elif kind == "cycle":
            days = int(entry["limit_window"].removeprefix("days:"))
            for gap in (days - 1, days):
                place = self.visit(self.keeping(code))
                self.charge(place, code)
                line = self.charge(place, code, START + timedelta(days=gap))
                if gap < days:
                    self.expect("R33", line)
        elif kind == "operations":
            partner = next(other for other in self.group[entry["operation_group"]] if other != code)
            for price in (PRICE // 2 + 1, PRICE // 2):
                place = self.visit(self.keeping(code, partner))
                self.charge(place, partner, price=PRICE)
                line = self.charge(place, code, price=price)
                if price > PRICE // 2:
                    self.expect("R36", line)
        else:
            self.pair(code, entry["with_national_code"], entry["pair_window"])

    def pair(self, main: str, sub: str, window: str) -> None:
        """Both sides in the window, and just outside of it."""
        for gap in (timedelta(0), GAPS.get(window, timedelta(days=1))):
            facts = self.keeping(main, sub)
            first = self.visit(facts)
            same = not (gap and window == "visit")
            second = first if same else self.visit(facts, START + gap, person=self.persons)
            lines = {main: self.charge(first, main), sub: self.charge(second, sub, START + gap)}
            for one, other in ((main, sub), (sub, main)):
                if any(within(each, gap, same_visit=same) for each in self.windows.get((one, other), ())):
                    self.expect("R30", lines[other])


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    room = tmp_path_factory.mktemp("lists")
    conftest = runpy.run_path(str(Path(__file__).parents[1] / "dbt" / "conftest.py"))
    house = conftest["Warehouse"](home=room / "home", target=room / "target")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CONSORTIUM_HOME", str(house.home))
        environment.setenv("CONSORTIUM_REFERENCE", str(house.reference))
        environment.setenv("CONSORTIUM_RULE_LISTS", str(DATA))
        house.reset()
        yield house


def test_every_entry_is_found_where_it_is_broken_and_nowhere_else(warehouse: Any) -> None:
    entries = lists.load(DATA).to_dicts()
    people = People(entries)
    for entry in entries:
        people.tell(entry)
    codes = sorted({entry["national_code"] for entry in entries} | {sub for _, sub in people.windows})
    surgical = {code for group in people.group.values() for code in group}
    warehouse.refer("items", [
        {
            "item_code": code, "item_name": code, "national_code": code, "valid_from": "2020-01-01",
            "charge_class": "drug" if code[0] in "XZ" else "treatment",
            **({"max_price_tertiary": PRICE} if code in surgical else {}),
        }
        for code in codes
    ])  # fmt: skip
    for seed in ("drug_limits", "item_pairs", "exam_indications", "risk_list_entries"):
        warehouse.refer(seed, [])
    for extract, rows in (("encounters", people.encounters), ("charge_lines", people.lines)):
        for member, of_member in rows.items():
            warehouse.deliver(extract, member, "2026-10", of_member)
    warehouse.deliver("prescriptions", "H01", "2026-10", people.prescriptions)
    warehouse.build(*(f"+int_risk__{model}" for model in RULES.values()), tests=False)
    found: set[tuple[str, str]] = set()
    for model in RULES.values():
        found |= {
            (row["rule_code"], row["charge_id"])
            for row in warehouse.rows(f"select rule_code, charge_id from intermediate.int_risk__{model}")
        }
    assert len(people.expected) > 15_000
    assert {rule for rule, _ in people.expected} == set(RULES)
    assert sorted(people.expected - found)[:10] == []
    assert sorted(found - people.expected)[:10] == []


def test_each_kind_of_list_is_there_in_full() -> None:
    counts = dict(lists.load(DATA).group_by("list_kind").agg(pl.len()).iter_rows())
    assert counts == {
        "drug_age": 4398, "drug_sex": 6472, "drug_payer": 112, "drug_setting": 736, "drug_level": 962,
        "drug_course": 1147, "service_age": 30, "service_sex": 390, "operations": 378, "pair": 900, "frequency": 67,
        "working_age": 1, "service_course": 11, "cycle": 14,
    }  # fmt: skip
