"""The grouper on the national tables (CHS-DRG 1.1), against answers made by hand and a second reading of the tables.

Inputs stand outside the project (../shared/data, or YILIAN_SHARED_DATA); without them these tests are skipped.

The second reading goes case by case: it evaluates the published expressions as Python with the lists as sets. It shares
no code with the grouper and knows nothing of unknown facts, so its cases are wholly known.
"""

from __future__ import annotations

import csv
import gzip
import os
import random
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from pipelines.grouper import GroupingTables, group

DATA = Path(os.environ.get("YILIAN_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data")) / "chs_drg_11"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} isn't there: the national tables stay outside")


def sheet(name: str) -> list[dict[str, str]]:
    path = next(path for path in (DATA / f"{name}.csv", DATA / f"{name}.csv.gz") if path.exists())
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(content.decode("utf-8-sig").splitlines()))


class Reading:
    """The tables as sets, and the walk as a loop over rules."""

    def __init__(self) -> None:
        self.mdc: dict[str, set[str]] = defaultdict(set)
        self.regions: dict[str, set[str]] = defaultdict(set)
        for row in sheet("MDC诊断表"):
            self.mdc[row["diagnosis_code"]].add(row["classification"])
            if row["mdc_code"] == "MDCZ":
                self.regions[row["diagnosis_code"]].add(row["classification"])
        self.adrg: dict[str, set[str]] = defaultdict(set)
        for row in sheet("ADRG诊断表"):
            self.adrg[row["diagnosis_code"]].add(row["classification"])
        self.operations: dict[str, set[str]] = defaultdict(set)
        for row in sheet("ADRG手术表"):
            self.operations[row["operation_code"]].add(row["classification"])
        self.level = {row["diagnosis_code"]: ("cc", row["excluded_table"]) for row in sheet("CC")}
        self.level |= {row["diagnosis_code"]: ("mcc", row["excluded_table"]) for row in sheet("MCC")}
        self.excluded = {(row["table_name"], row["diagnosis_code"]) for row in sheet("排除诊断表")}
        self.rules = sheet("DRG分组规则")
        self.codes: dict[str, Any] = {}

    def group(self, case: dict[str, Any]) -> str | None:
        first, rest = case["principal"], [code for code in case["secondary"] if code != case["principal"]]
        levels = {
            level
            for level, table in (self.level[code] for code in rest if code in self.level)
            if (table, first) not in self.excluded
        }
        mcc, cc = int("mcc" in levels), int("cc" in levels and "mcc" not in levels)
        op = int(any(code in self.operations for code in case["procedures"]))
        regions = self.regions[first] | {region for code in rest for region in self.regions.get(code, set())}
        names = {
            "case": SimpleNamespace(**case),
            "is_pd1": lambda _, name: name in self.mdc[first],
            "is_pd2": lambda _, name: name in self.adrg[first],
            "is_sd1": lambda _, name: any(name in self.mdc.get(code, ()) for code in rest),
            "is_sd2": lambda _, name: any(name in self.adrg.get(code, ()) for code in rest),
            "is_op2": lambda _, name: any(name in self.operations.get(code, ()) for code in case["procedures"]),
            "multi_wound": lambda _: bool(self.regions[first]) and len(regions) > 1,
        }

        def holds(text: str) -> bool:
            code = self.codes.setdefault(text, compile(text.strip(), text, "eval"))
            return bool(eval(code, {}, names))

        def fits(rule: dict[str, str]) -> bool:
            wanted = ((rule["op"], op), (rule["mcc"], mcc), (rule["cc"], cc))
            return all(int(asked) in (-1, had) for asked, had in wanted) and holds(rule["adrg_rule"])

        inner = {rule["drg_code"] for rule in self.rules if rule["adrg_code"] == "MDC"}
        for rule in self.rules:
            if rule["mdc_code"] == "MDCA" and rule["adrg_code"] != "MDC" and fits(rule):
                return rule["drg_code"]
        for entry in self.rules:
            if entry["adrg_code"] == "MDC" and holds(entry["mdc_rule"]):
                inside = [rule for rule in self.rules if rule["mdc_code"] == entry["drg_code"]]
                return next((rule["drg_code"] for rule in inside if fits(rule)), None)
        for mdc in dict.fromkeys(rule["mdc_code"] for rule in self.rules):
            inside = [rule for rule in self.rules if rule["mdc_code"] == mdc]
            if mdc not in inner | {"MDCA"} and holds(inside[0]["mdc_rule"]):
                found = next((rule["drg_code"] for rule in inside if fits(rule)), None)
                if found:
                    return found
        return None


@pytest.fixture(scope="module")
def tables() -> GroupingTables:
    return GroupingTables.load(DATA)


@pytest.fixture(scope="module")
def reading() -> Reading:
    return Reading()


def grouped(tables: GroupingTables, cases: list[dict[str, Any]]) -> pl.DataFrame:
    """The grouper's answers, one row a case in order."""
    frame = pl.DataFrame(
        {
            "case_id": [str(number) for number in range(len(cases))],
            "principal": [case["principal"] for case in cases],
            "sex": [{1: "M", 2: "F"}[case["gender"]] for case in cases],
            "age_years": [case["age"] for case in cases],
            "age_days": [case["days"] for case in cases],
            "birth_weight": [case["newborn_birth_weight"] for case in cases],
        }
    )
    coded = [
        pl.DataFrame(
            [(str(number), code) for number, case in enumerate(cases) for code in case[kind]],
            schema={"case_id": pl.String, "code": pl.String},
            orient="row",
        )
        for kind in ("secondary", "procedures")
    ]
    return group(tables, frame, *coded)


def case(principal: str, *, secondary=(), procedures=(), gender=2, age=40, days=None, grams=3000) -> dict[str, Any]:
    months = 0 if days is not None and days < 29 else max(days // 30, 1) if days is not None else age * 12
    return {
        "principal": principal, "secondary": list(secondary), "procedures": list(procedures), "gender": gender,
        "age": age, "days": days, "newborn_age_month": months, "newborn_birth_weight": grams,
    }  # fmt: skip


def of_every_group(tables: GroupingTables) -> list[tuple[str, dict[str, Any]]]:
    """For each group of the table a case made for it: codes that stand in its lists and in no list tried before."""
    diagnoses, operations = defaultdict(list), defaultdict(list)
    for row in sheet("ADRG诊断表"):
        diagnoses[row["classification"]].append(row["diagnosis_code"])
    for row in sheet("ADRG手术表"):
        operations[row["classification"]].append(row["operation_code"])
    of_mdc = defaultdict(list)
    for row in sheet("MDC诊断表"):
        of_mdc[row["mdc_code"]].append(row["diagnosis_code"])
    regions = {row["classification"]: row["diagnosis_code"] for row in sheet("MDC诊断表") if row["mdc_code"] == "MDCZ"}
    trauma = list(regions.values())
    made = []
    for rule in sheet("DRG分组规则"):
        adrg, mdc = rule["adrg_code"], rule["mdc_code"]
        if adrg == "MDC" or rule["adrg_rule"] == "0":
            continue
        principals = diagnoses[adrg] or of_mdc[mdc] or ["I63.900"]
        surgical = [operations[name][:1] for name in (adrg, f"{adrg}_01", f"{adrg}_02") if operations[name]]
        for principal in {*principals[:2], *principals[-2:]}:
            made.append((rule["drg_code"], case(
                principal,
                secondary=[row for wanted, row in (("mcc", "J96.000"), ("cc", "E11.900")) if rule[wanted] == "1"]
                + (trauma if mdc == "MDCZ" else []),
                procedures=[code for codes in surgical for code in codes] if rule["op"] == "1" else [],
                gender=1 if mdc == "MDCM" else 2,
                age=0 if mdc == "MDCP" else 40, days=(40 if adrg == "PV1" else 3) if mdc == "MDCP" else None,
                grams={"PS1": 1400, "PT1": 2000}.get(adrg, 3000),
            )))  # fmt: skip
    return made


def test_every_mdc_and_nearly_every_group_is_reached(tables: GroupingTables, reading: Reading) -> None:
    """Cases made by hand from the lists of each group; the second reading agrees on every one of them."""
    made = of_every_group(tables)
    found = grouped(tables, [each for _, each in made])
    assert found["drg_code"].to_list() == [reading.group(each) for _, each in made]
    meant = {drg for drg, _ in made}
    reached = {drg for (drg, _), got in zip(made, found["drg_code"], strict=True) if got == drg}
    assert set(found["mdc_code"].drop_nulls()) == {f"MDC{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    assert len(reached) > 0.9 * len(meant), sorted(meant - reached)


def test_random_cases_are_grouped_as_the_second_reading_groups_them(tables: GroupingTables, reading: Reading) -> None:
    draw = random.Random(11)
    principals, operations = sorted(reading.mdc), sorted(reading.operations)
    graded, hurt = sorted(reading.level), sorted(reading.regions)
    cases = []
    for number in range(1500):
        age = draw.choice([0, 0, 1, 30, 70])
        cases.append(case(
            draw.choice(hurt if number % 8 == 0 else principals),
            secondary=[draw.choice(principals), *draw.sample(graded, number % 3), *draw.sample(hurt, number % 2)],
            procedures=draw.sample(operations, draw.choice([0, 0, 1, 2])),
            gender=draw.choice([1, 2]), age=age, days=draw.randrange(360) if age == 0 else None,
            grams=draw.choice([900, 1499, 1500, 2499, 2500, 3300]),
        ))  # fmt: skip
    found = grouped(tables, cases)
    assert found["drg_code"].to_list() == [reading.group(each) for each in cases]
    assert found.filter(pl.col("drg_code").is_null() == pl.col("reason").is_null()).is_empty()


@pytest.mark.parametrize(
    ("principal", "facts", "drg"),
    [
        ("I63.900", {}, "BR29"),
        ("I61.000x008", {}, "BR15"),
        ("I61.000x008", {"secondary": ["E11.900"]}, "BR13"),
        ("O80.000", {}, "OR19"),
        ("O80.000", {"gender": 1}, None),
        ("N40.x00", {"gender": 1}, "MZ15"),
        ("N40.x00", {"gender": 2}, None),
        ("P59.901", {"age": 0, "days": 5}, "PU19"),
        ("P59.901", {"age": 0, "days": 35}, "PV19"),
        ("K35.8", {}, None),
        ("", {}, None),
    ],
)
def test_cases_whose_answer_is_known(
    tables: GroupingTables, principal: str, facts: dict[str, Any], drg: str | None
) -> None:
    assert grouped(tables, [case(principal, **facts)])["drg_code"].to_list() == [drg]


def test_a_hundred_thousand_cases_take_seconds(tables: GroupingTables) -> None:
    """A million in minutes, with a wide margin: about eight seconds of one core."""
    import time

    codes = tables.mdc_diagnoses["code"].unique().sort()
    n = 100_000
    numbers = pl.int_range(n, eager=True)
    cases = pl.DataFrame(
        {"case_id": numbers.cast(pl.String), "principal": codes[numbers % len(codes)], "sex": "F", "age_years": 50}
    )
    second = pl.DataFrame({"case_id": numbers.cast(pl.String), "code": codes[(numbers * 7) % len(codes)]})
    began = time.process_time()
    found = group(tables, cases, second, second.clear())
    assert time.process_time() - began < 12
    assert found["drg_code"].is_not_null().mean() > 0.8
