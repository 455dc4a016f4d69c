"""Tools to put something wrong into a member's natural month.

Belongs here: picking untouched cases, adding, removing and changing lines, adding whole cases. Not here: which rule
is violated how (violations).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from pipelines.demo import clinical, places
from pipelines.demo.care import Care, finish, line_frame, stay_cases, visit_cases
from pipelines.demo.catalogue import Group
from pipelines.demo.people import Ints, identity_numbers, uniform
from pipelines.demo.sizes import Member
from pipelines.demo.stay_lines import stay_lines
from pipelines.demo.stays import OPEN_AGES, Stays
from pipelines.demo.visits import Visits
from pipelines.demo.world import World, last_day


@dataclass(frozen=True)
class Patient:
    """A person as a case needs him."""

    person: int
    male: bool
    birth: int
    patient_id: str = ""


def fresh_patient(world: World, member: Member, number: int) -> Patient:
    """Somebody of 52 to 78 from the numbers kept for plants; 500 a member."""
    first = world.persons["*", "*", "planted"] + member.serial * 500
    person, male, birth = first + number, number % 2 == 0, -7_700 + number * 613 % 8_800
    one = np.ones(1, dtype=np.int64)
    return Patient(person, male, birth, identity_numbers(one * person, one * birth, np.array([male]))[0])


@dataclass
class Planter:
    """One member's month while things are planted into it."""

    world: World
    care: Care
    used: set[int] = field(default_factory=set)
    tags: int = 0
    near_cases: list[int] = field(default_factory=list)
    near_rules: set[str] = field(default_factory=set)
    returning: frozenset[int] = frozenset()

    @property
    def cases(self) -> pl.DataFrame:
        """Cases so far."""
        return self.care.cases

    def sound(self) -> pl.Expr:
        """Stays that nothing else touches: insured, discharged home within the month, no referral, known sex."""
        u = pl.Series(uniform(self.cases["person"].to_numpy(), 71))
        plain = pl.col("payer").is_in(["employee", "resident"]) & (pl.col("disposition") == "home")
        own = ~pl.col("referred_in") & ~pl.col("readmitted") & ~pl.col("person").is_in(list(self.returning))
        known = pl.lit(u) < 0.998
        return plain & own & known & (pl.col("end") < (last_day(self.care.period) + 1) * 1440)

    def take(self, where: pl.Expr, n: int = 1) -> list[int]:
        """Rows of up to n untouched cases that fulfil a condition, by row; they count as touched from now on."""
        fit = self.cases.select((self.sound() & where).alias("fit")).to_series().to_numpy()
        rows = [int(r) for r in np.flatnonzero(fit) if int(r) not in self.used][:n]
        self.used.update(rows)
        return rows

    def row(self, case: int) -> dict[str, object]:
        """One case."""
        return self.cases.row(case, named=True)

    def number(self, case: int, column: str) -> int:
        """A number of one case."""
        return int(self.cases[column][case])

    def lines_of(self, case: int) -> pl.DataFrame:
        """Charge lines of a case."""
        return self.care.lines.filter(pl.col("case") == case)

    def day_of(self, case: int, offset: int) -> int:
        """First minute of the n-th day of a case."""
        return (self.number(case, "start") // 1440 + offset) * 1440

    def tag(self) -> int:
        """A fresh mark for the lines of a label."""
        self.tags += 1
        return self.tags

    def add(
        self,
        case: int,
        code: str,
        minute: int,
        quantity: int = 1,
        *,
        price: int | None = None,
        tag: int = 0,
        days: int = 0,
        named: str | None = None,
        as_insured: bool = False,
        off_stock: bool = False,
    ) -> None:
        """Add a line.

        Args:
            case: row of the case.
            code: item.
            minute: when.
            quantity: how many.
            price: in fen, in the place of the price list's.
            tag: mark of a label.
            days: of a drug's supply.
            named: item whose name the line bears.
            as_insured: billed as within the insurer's catalogue, whatever the item is.
            off_stock: billed, and never issued by the store.
        """
        item = self.world.catalogue.item(code).index
        one = np.array([1], dtype=np.int64)
        columns = {
            "case": one * case, "minute": one * minute, "item": one * item, "quantity": one * quantity,
            "ordering": one * self.number(case, "dept"),
        }  # fmt: skip
        line = line_frame(self.world, self.care.member, columns, 0).with_columns(
            pl.lit(tag, dtype=pl.Int32).alias("tag"), pl.lit(days, dtype=pl.Int32).alias("days"),
            as_insured=pl.lit(as_insured), off_stock=pl.lit(off_stock),
        )  # fmt: skip
        if named is not None:
            line = line.with_columns(named=pl.lit(self.world.catalogue.item(named).index, dtype=pl.Int32))
        if price is not None:
            line = line.with_columns(
                price=pl.lit(price, dtype=pl.Int64), amount=pl.lit(price * quantity, dtype=pl.Int64)
            )
        if not int(line["price"][0]):
            raise ValueError(f"{code} has no price at {self.care.member.member_id}: it cannot be planted there")
        self.care.lines = pl.concat([self.care.lines, line])

    def remove(self, case: int, where: pl.Expr) -> None:
        """Take lines of a case away."""
        self.care.lines = self.care.lines.filter(~((pl.col("case") == case) & where))

    def mark(self, case: int, where: pl.Expr, tag: int) -> None:
        """Mark lines of a case as what a label is about."""
        hit = self.care.lines.select(((pl.col("case") == case) & where).arg_true()).to_series()
        self.mark_rows(hit.to_list(), tag)

    def mark_rows(self, rows: list[int], tag: int) -> None:
        """Mark lines by their place in the month."""
        hit = pl.int_range(pl.len()).is_in(rows)
        self.care.lines = self.care.lines.with_columns(
            pl.when(hit).then(pl.lit(tag, dtype=pl.Int32)).otherwise(pl.col("tag")).alias("tag")
        )

    def classes(self, *names: str) -> pl.Expr:
        """Lines of charge classes."""
        return pl.col("item").is_in([i.index for i in self.world.catalogue.listed if i.charge_class in names])

    def code(self, code: str) -> pl.Expr:
        """Lines of an item."""
        return pl.col("item") == self.world.catalogue.item(code).index

    def move(self, cases: list[int], start: int, doctor_id: str) -> None:
        """Move visits, with their lines, to a day (its first minute) and a doctor; the hour stays."""
        here = pl.int_range(pl.len()).is_in(cases)
        shift = start - pl.col("start") // 1440 * 1440
        by_case = self.cases.select(pl.when(here).then(shift).otherwise(0)).to_series()
        self.care.lines = self.care.lines.with_columns(
            minute=pl.col("minute") + by_case.gather(self.care.lines["case"])
        )
        self.care.cases = self.cases.with_columns(
            pl.when(here).then(pl.col(c) + shift).otherwise(pl.col(c)).alias(c) for c in ("start", "end")
        ).with_columns(doctor_id=pl.when(here).then(pl.lit(doctor_id)).otherwise("doctor_id"))

    def change(self, case: int, **values: object) -> None:
        """Overwrite columns of a case."""
        here = pl.int_range(pl.len()) == case
        self.care.cases = self.cases.with_columns(
            [
                pl.when(here).then(pl.lit(v)).otherwise(pl.col(k)).cast(self.cases.schema[k]).alias(k)
                for k, v in values.items()
            ]
        )

    def patient(self, case: int) -> Patient:
        """The patient of a stay, with a birth day that fits his age."""
        row = self.row(case)
        start, age = int(str(row["start"])), int(str(row["age_years"]))
        return Patient(
            int(str(row["person"])), bool(row["male"]), start // 1440 - int(age * 365.25) - 100, str(row["patient_id"])
        )

    def fresh_patient(self, number: int) -> Patient:
        """Somebody of 52 to 78 whom nothing else touches; the same for the same number in every month."""
        return fresh_patient(self.world, self.care.member, number)

    def near(self, rule: str, where: pl.Expr) -> list[int]:
        """The stay that takes the near-misses of rules on single lines, each once: they do not touch one another."""
        if rule in self.near_rules:
            return []
        self.near_rules.add(rule)
        if not self.near_cases:
            self.near_cases += self.take(where, 1)
        return self.near_cases

    def group(self, code: str) -> Group:
        """A group by code."""
        return self.world.catalogue.groups[code]

    def open_groups(self) -> list[Group]:
        """Medical groups of the member for grown-ups, one for each major category."""
        out: dict[str, Group] = {}
        for group, _ in self.world.groups(self.care.member):
            fits = group.partition == "medical" and group.sex is None and group.age_min <= OPEN_AGES[0]
            if fits and group.age_max >= OPEN_AGES[1] and group.severity == "9" and not group.code.startswith("XR"):
                out.setdefault(group.mdc, group)
        return list(out.values())

    def stay(self, patient: Patient, group: Group, start: int, los: int) -> int:
        """Add a stay (without exams that another stay already had); returns its row."""
        one = np.ones(1, dtype=np.int64)
        no, groups = np.zeros(1, dtype=bool), [group]
        stays = Stays(
            person=one * patient.person, male=np.array([patient.male]), birth=one * patient.birth,
            age=one * int((start // 1440 - patient.birth) / 365.25), group=one * 0, start=one * start, los=one * los,
            end=one * ((start // 1440 + los) * 1440 + 600), ward=one * self._ward(group), is_day_surgery=no,
            disposition=one * 0, referred_in=no, again=~no, groups=groups,
        )  # fmt: skip
        raw = stay_lines(self.world, self.care.member, self.care.period, stays).columns()
        return self._append(stay_cases(self.care.member, stays), raw, patient)

    def visit(
        self, patient: Patient, start: int, name: str = "上呼吸道感染", drug: tuple[str, int] = ("MED048", 24)
    ) -> int:
        """Add a visit, for a cold where nothing else is said, with one drug and its quantity, without exams.

        Returns its row.
        """
        kind = next(k for k, v in enumerate(clinical.VISITS) if v.name == name)
        one = np.ones(1, dtype=np.int64)

        seen = Visits(
            one * patient.person, one * kind, np.array([patient.male]), one * patient.birth,
            one * int((start // 1440 - patient.birth) / 365.25), one * start,
            one * places.clinic(self.care.member, "medicine"),
        )  # fmt: skip
        case = self._append(visit_cases(seen), None, patient)
        self.add(case, "REG007" if self.care.member.level == "primary" else "REG002", start + 5)
        self.add(case, drug[0], start + 40, drug[1])
        return case

    def _ward(self, group: Group) -> int:

        return places.ward(self.care.member, group.mdc)

    def _append(self, case: pl.DataFrame, raw: dict[str, Ints] | None, patient: Patient) -> int:
        row = self.cases.height
        care = self.care
        if patient.patient_id:
            case = case.with_columns(patient_id=pl.lit(patient.patient_id))
        done = finish(self.world, care.member, care.period, case, row + 1)
        insured = pl.when(pl.col("payer").is_in(["employee", "resident"])).then("payer").otherwise(pl.lit("resident"))
        done = done.with_columns(insured.alias("payer"))
        care.cases = pl.concat([care.cases, done.select(care.cases.columns).cast(care.cases.schema)])
        if raw is not None:
            care.lines = pl.concat([care.lines, line_frame(self.world, care.member, raw, row)])
        self.used.add(row)
        return row


@dataclass(frozen=True)
class Label:
    """A row of _labels/violations.csv; `tag` marks the charge lines it is about."""

    rule_code: str
    member_id: str
    encounter_id: str
    is_violation: bool
    note: str
    tag: int = 0
    charge_ids: tuple[str, ...] = ()


@dataclass
class Sheet:
    """A planter and the labels of what it has planted."""

    planter: Planter
    labels: list[Label]

    def say(self, rule: str, case: int, is_violation: bool, note: str, tag: int = 0) -> None:
        """Label a case for a rule."""
        row = self.planter.row(case)
        self.labels.append(
            Label(rule, self.planter.care.member.member_id, str(row["encounter_id"]), is_violation, note, tag)
        )


def stays_of(days: int = 4, most: int = 30) -> pl.Expr:
    """Inpatient stays of a length."""
    return (pl.col("encounter_type") == "inpatient") & (pl.col("los") >= days) & (pl.col("los") <= most)


def medical(p: Planter) -> pl.Expr:
    """Stays without an operation, a day in intensive care, a birth or a newborn."""
    plain = pl.col("primary_procedure").is_null() & ~pl.col("is_critical")
    return plain & ~pl.col("primary_diagnosis").str.slice(0, 1).is_in(["O", "P"])
