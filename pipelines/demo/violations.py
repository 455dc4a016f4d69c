"""Planted insurance violations and their near-misses, with labels (domain 5.3, S2-RISK-37 ff.).

Belongs here: what is put into the natural data, rule by rule, and the label of it. Not here: the tools (planting),
finding it (the pipeline, which never reads the labels). A plant that cannot help breaking a second rule is labelled for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl

from pipelines.demo.care import Care
from pipelines.demo.planting import Patient, Planter, fresh_patient
from pipelines.demo.referring import moves_up_into, returning
from pipelines.demo.sizes import FOCUS
from pipelines.demo.stays import open_groups
from pipelines.demo.world import World, first_day, last_day

TIMES = {"S": 1, "M": 5, "L": 12}
"""How often each plant is repeated."""


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
class _Sheet:
    planter: Planter
    labels: list[Label]

    def say(self, rule: str, case: int, is_violation: bool, note: str, tag: int = 0) -> None:
        row = self.planter.row(case)
        self.labels.append(
            Label(rule, self.planter.care.member.member_id, str(row["encounter_id"]), is_violation, note, tag)
        )


def _stay(days: int = 4, most: int = 30) -> pl.Expr:
    return (pl.col("encounter_type") == "inpatient") & (pl.col("los") >= days) & (pl.col("los") <= most)


def _medical(p: Planter) -> pl.Expr:
    """Stays of medical groups that have no operation and no day in intensive care."""
    return pl.col("primary_procedure").is_null() & ~pl.col("is_critical") & ~pl.col("primary_diagnosis").str.starts_with("O") & ~pl.col("primary_diagnosis").str.starts_with("P")  # fmt: skip


# --- admission pattern ------------------------------------------------------------------------------------


def _r01(s: _Sheet) -> None:
    p = s.planter
    edge = (last_day(p.care.period) - 12) * 1440
    rows = p.take(_stay(3, 8) & _medical(p) & (pl.col("end") < edge) & (pl.col("drg_code") != "LL19"), 3)
    for n, (gap, note, bad) in enumerate(((5, "same disease, 5 days later", True), (1, "same disease, 1 day later", True),
                                          (6, "planned readmission within 15 days", False))[: len(rows)]):  # fmt: skip
        case = rows[n]
        start = (p.number(case, "end") // 1440 + gap) * 1440 + 600
        again = p.stay(p.patient(case), p.group(str(p.row(case)["drg_code"])), start, 4)
        p.change(again, is_planned_readmission=not bad)
        s.say("R01", again, bad, note)


def _r02(s: _Sheet) -> None:
    """At a township: a lead hospital's patient comes back for the same disease without a referral."""
    p = s.planter
    stay = lent(p.world, p.care.period)[p.care.member.member_id, "R02"]
    bad = (p.care.member.serial + int(p.care.period[5:])) % 2 == 0
    gap = 3 if bad else 9
    case = p.stay(stay.patient, p.group(stay.group), (stay.end_day + gap) * 1440 + 620, 4)
    s.say("R02", case, bad, f"{gap} days after a stay at {p.world.lead.member_id} for the same disease, no referral")


@dataclass(frozen=True)
class Lent:
    """A stay of the lead hospital made for a plant at another member."""

    patient: Patient
    group: str
    start: int
    los: int

    @property
    def end_day(self) -> int:
        """Day of discharge."""
        return self.start // 1440 + self.los


def lent(world: World, period: str) -> dict[tuple[str, str], Lent]:
    """Stays of the lead hospital by (member that plants, rule); both sides know them without asking each other."""
    wanted = [(m.member_id, rule) for m in world.of("general") for rule in ("R06", "R06-near")]
    wanted += [(m.member_id, rule) for m in world.of("township") for rule in ("R02", "R05")]
    low = {g.code for g, _ in world.groups(world.of("township")[0])}
    mine = [g for g, _ in world.groups(world.lead)]
    options = [mine[i].code for i in open_groups(mine) if mine[i].code in low]
    out = {}
    for n, key in enumerate(wanted):
        patient = fresh_patient(world, world.lead, 120 + n + 180 * (period.endswith("10")))
        start = (first_day(period) + 3 + n % 9) * 1440 + 560 + 7 * n % 300
        out[key] = Lent(patient, options[n % len(options)], start, 5)
    return out


def _lend(s: _Sheet) -> None:
    p = s.planter
    for stay in lent(p.world, p.care.period).values():
        p.stay(stay.patient, p.group(stay.group), stay.start, stay.los)


def _r03(s: _Sheet) -> None:
    p = s.planter
    edge = (last_day(p.care.period) - 9) * 1440
    for n, case in enumerate(p.take(_stay(3, 9) & (pl.col("end") < edge) & pl.col("age_years").is_between(47, 84), 2)):
        mine, age = str(p.row(case)["drg_code"])[0], p.number(case, "age_years")
        group = next(g for g in p.open_groups() if g.mdc != mine and g.age_min <= age <= g.age_max)
        start = p.number(case, "end") + 300 if n == 0 else (p.number(case, "end") // 1440 + 1) * 1440 + 600
        again = p.stay(p.patient(case), group, start, 4)
        s.say(
            "R03",
            again,
            n == 0,
            "readmitted on the day of discharge" if n == 0 else "readmitted the next day, another disease",
        )


def _weekly(s: _Sheet) -> None:
    p = s.planter
    groups = p.open_groups()[:3]
    if len(groups) < 3:
        return
    for n, days in enumerate(((8, 10, 13), (8, 12, 17))):
        patient = p.fresh_patient(10 + n + 20 * int(p.care.period[5:]))
        cases = [
            p.stay(patient, g, (first_day(p.care.period) + d) * 1440 + 600, 1)
            for g, d in zip(groups, days, strict=True)
        ]
        s.say(
            "S2-RISK-44",
            cases[2],
            n == 0,
            "third admission within a week" if n == 0 else "three admissions in ten days",
        )


def _r04(s: _Sheet) -> None:
    p = s.planter
    for n, case in enumerate(p.take(_stay(6, 8) & _medical(p), 2)):
        empty = 3 if n == 0 else 1
        first = p.number(case, "start") // 1440 + 2
        service = ~p.classes("bed", "nursing", "registration", "other")
        p.remove(case, service & (pl.col("minute") // 1440).is_between(first, first + empty - 1))
        s.say("R04", case, n == 0, f"{empty} days with bed and care only, of {p.number(case, 'los')}")


def _r05(s: _Sheet) -> None:
    p = s.planter
    fit = _stay(5, 12) & _medical(p) & pl.col("age_years").is_between(20, 74)
    for n, case in enumerate(p.take(fit, 2)):
        patient = p.patient(case)
        inside = p.day_of(case, 2) + 600
        visit = p.visit(patient, inside if n == 0 else p.number(case, "end") // 1440 * 1440 + 900)
        s.say("R05", visit, n == 0, "visit inside a stay" if n == 0 else "visit on the day of discharge")


def _r05_elsewhere(s: _Sheet) -> None:
    """A visit at a township while the person lies in the lead hospital."""
    p = s.planter
    stay = lent(p.world, p.care.period)[p.care.member.member_id, "R05"]
    visit = p.visit(stay.patient, (stay.start // 1440 + 2) * 1440 + 610)
    s.say("R05", visit, True, f"visit while in bed at {p.world.lead.member_id}")


def _r06(s: _Sheet) -> None:
    """A second hospital's bed for a person who already lies in one."""
    p = s.planter
    for rule, start_day, bad, note in (
        ("R06", -2, True, "two days in two beds"),
        ("R06-near", 0, False, "admitted on the day the other hospital discharged"),
    ):
        stay = lent(p.world, p.care.period)[p.care.member.member_id, rule]
        group = next(g for g in p.open_groups() if g.mdc != stay.group[0])
        case = p.stay(stay.patient, group, (stay.end_day + start_day) * 1440 + 900, 4)
        s.say("R06", case, bad, note)


def _r09(s: _Sheet) -> None:
    p = s.planter
    for n, case in enumerate(p.take(_stay(4, 9) & _medical(p), 2)):
        tag = p.tag()
        bed = "BED005" if str(p.row(case)["drg_code"]).startswith("XR") else "BED001"
        p.add(case, bed, p.number(case, "end") - 60, 3 if n == 0 else 1, tag=tag)
        s.say(
            "R09",
            case,
            n == 0,
            "bed fees of three days too many" if n == 0 else "bed fee of the day of discharge too",
            tag,
        )
        if n == 0:
            s.say("R31", case, True, "the same line is three beds on one day", tag)


def _r10(s: _Sheet) -> None:
    p = s.planter
    edge = (last_day(p.care.period) - 5) * 1440
    for n, case in enumerate(p.take(_stay(4, 9) & _medical(p) & (pl.col("end") < edge), 2)):
        tag = p.tag()
        later = 3 if n == 0 else 1
        p.add(case, "TRT011", (p.number(case, "end") // 1440 + later) * 1440 + 600, tag=tag)
        s.say("R10", case, n == 0, f"treatment {later} days after discharge", tag)


def _r11(s: _Sheet) -> None:
    p = s.planter
    edge = (last_day(p.care.period) - 6) * 1440
    grave = pl.col("drg_code").is_in(["FR19", "ER35", "SR15", "FR25", "LR13", "HT19", "BR15", "GR15", "GS19"])
    for case in p.take(_stay(3, 20) & grave & (pl.col("end") < edge) & pl.col("age_years").is_between(20, 90), 1):
        p.change(case, disposition="died")
        visit = p.visit(p.patient(case), (p.number(case, "end") // 1440 + 4) * 1440 + 600)
        s.say("R11", visit, True, "visit four days after death")
        s.say("R11", case, False, "the stay in which the person died")


def _r13(s: _Sheet) -> None:
    """Six stays of one woman, five of another, over September and October."""
    p = s.planter
    groups = p.open_groups()[:3]
    if len(groups) < 3:
        return
    second = p.care.period.endswith("10")
    for n in range(2):
        patient = p.fresh_patient(n)
        days = (2, 12, 22) if n == 0 or not second else (2, 12)
        cases = [
            p.stay(patient, g, (first_day(p.care.period) + d) * 1440 + 600, 2)
            for g, d in zip(groups, days, strict=False)
        ]
        if second:
            s.say("R13", cases[-1], n == 0, f"{6 - n} stays in the year")


# --- grouping ---------------------------------------------------------------------------------------------


def _r20(s: _Sheet) -> None:
    p = s.planter
    codes = {g.code for g in p.world.catalogue.groups.values()}
    light = [c for c in codes if c.endswith("5") and c[:3] + "3" in codes]
    rows = p.take(_stay(3, 30) & pl.col("drg_code").is_in(light), 1)
    if not rows and light:
        group = p.group(sorted(light)[0])
        patient = p.fresh_patient(60 + int(p.care.period[5:]))
        rows = [p.stay(patient, group, (first_day(p.care.period) + 6) * 1440 + 600, 9)]
    for case in rows:
        heavy = str(p.row(case)["drg_code"])[:3] + "3"
        p.change(case, drg_code=heavy, planted_secondary="none")
        s.say("R20", case, True, "settled as with complication, no secondary diagnosis")
    for case in p.take(_stay(3, 30) & pl.col("drg_code").is_in([c[:3] + "3" for c in light]), 1):
        s.say("R20", case, False, "settled as with complication, which is coded")


def _r22(s: _Sheet) -> None:
    p = s.planter
    surgical = [g.code for g in p.world.catalogue.groups.values() if g.partition == "surgical"]
    for n, case in enumerate(p.take(_stay(2, 30) & pl.col("drg_code").is_in(surgical), 2)):
        if n == 0:
            p.remove(case, p.classes("surgery", "anaesthesia", "high_value_consumable") | p.code("CON014"))
        s.say("R22", case, n == 0, "an operation coded, none charged" if n == 0 else "an operation coded and charged")


# --- charging ---------------------------------------------------------------------------------------------


def _lines(
    rule: str, put: Callable[[Planter, int, int], None], near: Callable[[Planter, int, int], None], notes: tuple[str, str],
    where: Callable[[Planter], pl.Expr] | None = None,
) -> Callable[[_Sheet], None]:  # fmt: skip
    """A plant that adds lines to one stay, and a near-miss that adds nearly the same to another."""

    def plant(s: _Sheet) -> None:
        p = s.planter
        fit = _stay(5, 12) & _medical(p)
        if where is not None:
            fit &= where(p)
        hits = p.take(fit, 1)
        for n, case in enumerate([*hits, *p.near(rule, _stay(5, 12) & _medical(p))]):
            tag = p.tag()
            (put if n < len(hits) else near)(p, case, tag)
            s.say(rule, case, n < len(hits), notes[n >= len(hits)], tag)

    return plant


def _at(p: Planter, case: int, day: int, minute: int) -> int:
    return p.day_of(case, day) + minute


def _limit(p: Planter, code: str) -> int:
    limit = p.world.catalogue.item(code).limits[p.care.member.level]
    if limit is None:
        raise ValueError(f"{code} has no ceiling at level {p.care.member.level}")
    return limit


def _two(first: str, second: str, gap: int) -> Callable[[Planter, int, int], None]:
    """Two items on the third day, `gap` minutes apart; the second one is marked."""

    def put(p: Planter, case: int, tag: int) -> None:
        p.add(case, first, _at(p, case, 2, 500))
        p.add(case, second, _at(p, case, 2, 500 + gap), tag=tag)

    return put


_r30 = _lines("R30", _two("LAB025", "LAB016", 60), _two("LAB025", "LAB016", 420),
              ("blood gas and potassium within six hours", "blood gas and potassium seven hours apart"),
              lambda p: pl.col("los") >= 5)  # fmt: skip
_r31 = _lines("R31", lambda p, c, t: p.add(c, "TRT011", _at(p, c, 2, 610), 3, tag=t),
              lambda p, c, t: p.add(c, "TRT011", _at(p, c, 2, 610), 2, tag=t),
              ("three dressings on a day, two allowed", "two dressings on a day"))  # fmt: skip
_r32 = _lines("R32", lambda p, c, t: p.add(c, "TRT008", _at(p, c, 2, 620), price=_limit(p, "TRT008") * 3 // 2, tag=t),
              lambda p, c, t: p.add(c, "TRT008", _at(p, c, 2, 620), price=_limit(p, "TRT008"), tag=t),
              ("half above the ceiling", "exactly the ceiling"))  # fmt: skip


def _assessed(first: int, second: int | None) -> Callable[[Planter, int, int], None]:
    def put(p: Planter, case: int, tag: int) -> None:
        p.add(case, "TRT031", _at(p, case, first, 630), tag=0 if second else tag)
        if second is not None:
            p.add(case, "TRT031", _at(p, case, second, 630), tag=tag)

    return put


_r33 = _lines("R33", _assessed(1, 4), _assessed(1, None),
              ("two rehabilitation assessments in four days, one in fourteen allowed", "one rehabilitation assessment"),
              lambda p: ~pl.col("drg_code").str.starts_with("XR"))  # fmt: skip
_r34 = _lines("R34", lambda p, c, t: p.add(c, "TRT001", _at(p, c, 2, 930), 26, tag=t),
              lambda p, c, t: p.add(c, "TRT001", _at(p, c, 2, 930), 24, tag=t),
              ("26 hours of monitoring in a day", "24 hours of monitoring in a day"))  # fmt: skip


def _r35(s: _Sheet) -> None:
    p = s.planter
    with_panel = p.care.lines.filter(p.code("LAB008"))["case"].unique().to_list()
    fit = _stay(4, 12) & _medical(p) & pl.int_range(pl.len()).is_in(with_panel)
    for n, case in enumerate(p.take(fit, 2)):
        tag = p.tag()
        panel = int(p.lines_of(case).filter(p.code("LAB008"))["minute"][0])
        p.add(case, "LAB009", panel + 4 if n == 0 else (panel // 1440 + 2) * 1440 + 430, tag=tag)
        s.say(
            "R35", case, n == 0, "ALT beside the liver panel" if n == 0 else "ALT two days after the liver panel", tag
        )


_r39 = _lines("R39", lambda p, c, t: p.add(c, "HVC001", _at(p, c, 2, 675), tag=t),
              lambda p, c, t: p.mark(c, p.classes("consumable"), t),
              ("a coronary stent without an operation", "ordinary consumables without an operation"))  # fmt: skip


def _r40(s: _Sheet) -> None:
    p = s.planter
    asleep = p.care.lines.filter(p.code("ANE001"))["case"].unique().to_list()
    for n, case in enumerate(p.take(_stay(2, 30) & pl.int_range(pl.len()).is_in(asleep), 2)):
        tag = p.tag()
        if n == 0:
            p.remove(case, p.code("ANE005"))
        p.mark(case, p.code("ANE001"), tag)
        s.say(
            "R40",
            case,
            n == 0,
            "general anaesthesia without monitoring" if n == 0 else "general anaesthesia with monitoring",
            tag,
        )


def _r42(s: _Sheet) -> None:
    p = s.planter
    second = p.care.lines.filter(p.code("NUR004"))["case"].unique().to_list()
    for n, case in enumerate(p.take(_stay(4, 14) & pl.int_range(pl.len()).is_in(second), 2)):
        tag = p.tag()
        day = p.number(case, "start") // 1440 + 2
        cheaper = p.code("NUR004") & (pl.col("minute") // 1440 == day)
        if n == 0:
            p.mark(case, cheaper, tag)
        else:  # the grade changes: one ends, the other begins
            p.remove(case, cheaper)
        p.add(case, "NUR003", day * 1440 + 405, tag=0 if n == 0 else tag)
        s.say(
            "R42", case, n == 0, "two grades of care on one day" if n == 0 else "another grade of care on one day", tag
        )


def _bed(s: _Sheet) -> None:
    p = s.planter
    for n, case in enumerate(p.take(_stay(5, 12) & _medical(p) & ~pl.col("drg_code").str.starts_with("XR"), 1)):
        tag = p.tag()
        day = p.number(case, "start") // 1440 + 1
        p.remove(case, p.code("BED001") & (pl.col("minute") // 1440 == day))
        p.add(case, "BED004", day * 1440 + 390, tag=tag)
        s.say("S2-RISK-39", case, n == 0, "intensive bed fee in an ordinary bed", tag)
    intensive = pl.col("is_critical") & (pl.col("encounter_type") == "inpatient")
    for case in p.take(intensive, 1):
        tag = p.tag()
        p.mark(case, p.code("BED004"), tag)
        s.say("S2-RISK-39", case, False, "intensive bed fee in an intensive bed", tag)


# --- drugs and services -----------------------------------------------------------------------------------


def _plain_dx(*prefixes: str) -> Callable[[Planter], pl.Expr]:
    return lambda p: ~pl.any_horizontal([pl.col("primary_diagnosis").str.starts_with(x) for x in prefixes])


def _r50(s: _Sheet) -> None:
    """At a township: a drug that only hospitals of the second level are paid for."""
    p = s.planter
    stroke = pl.col("primary_diagnosis").str.slice(0, 3).is_in(["I69", "I20", "I25", "I63"])
    for case in p.take(_stay(3, 30) & stroke, 1) or p.take(_stay(3, 30), 1):
        tag = p.tag()
        p.change(case, primary_diagnosis="I25.103", drg_code="FR49")
        listed = p.world.catalogue.listed
        foreign = [i.index for i in listed if i.indications and not any("I25.103".startswith(x) for x in i.indications)]
        p.remove(case, pl.col("item").is_in(foreign))
        p.add(case, "MED047", _at(p, case, 1, 575), 2, tag=tag)
        s.say("R50", case, True, "a drug below its level", tag)
    for case in p.take(_stay(3, 30), 1):
        tag = p.tag()
        p.mark(case, p.code("MED021"), tag)
        s.say("R50", case, False, "a drug of every level", tag)


_r51 = _lines("R51", lambda p, c, t: p.add(c, "MED019", _at(p, c, 2, 575), 2, tag=t),
              lambda p, c, t: p.add(c, "MED037", _at(p, c, 2, 575), 2, tag=t),
              ("omeprazole without an indication", "a drug without restriction"),
              _plain_dx("K2", "K92", "K85", "R57", "I61", "I63", "S06"))  # fmt: skip
_r53 = _lines("R53", lambda p, c, t: p.add(c, "MED046", _at(p, c, 0, 1_000), 8, tag=t, days=20),
              lambda p, c, t: p.add(c, "MED046", _at(p, c, 0, 1_000), 8, tag=t, days=14),
              ("20 days of a drug paid for 14", "14 days of a drug paid for 14"),
              lambda p: ~pl.int_range(pl.len()).is_in(p.care.lines.filter(p.code("MED046"))["case"].unique().to_list()))  # fmt: skip


def _visits(p: Planter, where: pl.Expr, n: int) -> list[int]:
    return p.take((pl.col("encounter_type") == "outpatient") & where, n)


def _r52(s: _Sheet) -> None:
    p = s.planter
    for n, case in enumerate(_visits(p, (pl.col("primary_diagnosis") == "J06.900") & (pl.col("age_years") > 20), 1)):
        tag = p.tag()
        p.add(case, "MED036", p.number(case, "start") + 45, 6, tag=tag)
        s.say("R52", case, n == 0, "a children's drug for a grown-up", tag)
    child = (pl.col("age_years") <= 12) & (pl.col("primary_diagnosis") == "J06.900")
    for case in _visits(p, child, 1):
        tag = p.tag()
        p.mark(case, p.code("MED036"), tag)
        s.say("R52", case, False, "a children's drug for a child", tag)


def _r60(s: _Sheet) -> None:
    p = s.planter
    fit = (
        (pl.col("primary_diagnosis") == "N39.000")
        | (pl.col("primary_diagnosis") == "K29.500")
        | (pl.col("primary_diagnosis") == "M54.502")
    )
    for male in (True, False):
        for case in _visits(p, fit & (pl.col("male") == male), 1):
            tag = p.tag()
            p.add(case, "LAB039", p.number(case, "start") + 30, tag=tag)
            s.say("R60", case, male, "a women's item on a man" if male else "a women's item on a woman", tag)


def _r61(s: _Sheet) -> None:
    p = s.planter
    for n, case in enumerate(p.take(_stay(4, 12) & _medical(p) & (pl.col("age_years") > 30), 1)):
        tag = p.tag()
        p.add(case, "TRT025", _at(p, case, 1, 845), 8, tag=tag)
        s.say("R61", case, n == 0, "light treatment of newborns on a grown-up", tag)
    for case in p.take(
        (pl.col("encounter_type") == "inpatient") & pl.col("primary_diagnosis").str.starts_with("P59"), 1
    ):
        tag = p.tag()
        p.mark(case, p.code("TRT025"), tag)
        s.say("R61", case, False, "light treatment of a newborn", tag)


def _r63(s: _Sheet) -> None:
    """TC-78: whole-body PET-CT for gastritis."""
    p = s.planter
    for n, case in enumerate(_visits(p, (pl.col("primary_diagnosis") == "K29.500") & (pl.col("age_years") >= 20), 2)):
        tag = p.tag()
        p.add(case, "EXM025" if n == 0 else "EXM031", p.number(case, "start") + 35, tag=tag)
        s.say("R63", case, n == 0, "PET-CT for gastritis" if n == 0 else "an exam without a list of indications", tag)


def _repeat(s: _Sheet) -> None:
    """The lead hospital repeats the blood count of a referred patient (S2-RISK-45, S3-SHARE-05)."""
    p = s.planter
    rows = moves_up_into(p.world, p.care.member, p.care.period)[:2]
    shift = p.world.volume(p.care.member, p.care.period).visits
    for slot in rows:
        case = shift + slot
        tag = p.tag()
        p.used.add(case)
        p.change(case, planted_secondary="repeat")
        p.add(case, "LAB001", p.number(case, "start") + 90, tag=tag)
        s.say("S2-RISK-45", case, True, "blood count repeated a day after the township's", tag)


LEAD = {
    "09": (_lend, _r03, _r01, _r20, _r11, _r04, _r09, _r30, _r32, _r34, _r39, _r60, _r63, _repeat, _r40),
    "10": (_lend, _r01, _weekly, _r05, _r10, _r22, _r31, _r33, _r35, _r40, _bed, _r52, _r53, _r61, _r63, _repeat, _r04),
}
GENERAL = {"09": (_r06, _r51, _r42, _r13, _r35), "10": (_r42, _r06, _r03, _r34, _r51, _r60, _r13)}
SPECIALIST = {"09": (_r61,), "10": (_r52, _r22)}
TOWNSHIP = {"09": (_r02, _r05_elsewhere, _r31), "10": (_r02, _r50, _r32, _r05_elsewhere)}
PLANS = {"tertiary": LEAD, "general": GENERAL, "specialist": SPECIALIST, "township": TOWNSHIP}


def plant(world: World, current: Care) -> tuple[Care, list[Label]]:
    """Put violations into a member's month; nothing is planted into the year before.

    Returns:
        the month with the plants, and their labels (charge ids are filled in by `resolve`).
    """
    plan = PLANS.get(current.member.persona, {}).get(current.period[5:], ())
    if current.period not in FOCUS or not plan:
        return current, []
    back = returning(world, current.member, f"{current.period[:5]}10") if current.period.endswith("09") else frozenset()
    sheet = _Sheet(Planter(world, current, returning=back), [])
    once = {_r13, _weekly, _repeat, _r20, _lend, _r02, _r05_elsewhere, _r06}
    for turn in range(TIMES[world.size.name]):
        for step in plan:
            if turn == 0 or step not in once:
                step(sheet)
    return sheet.planter.care, sheet.labels


def resolve(labels: list[Label], current: Care) -> list[Label]:
    """Fill in the charge ids of the tags."""
    if not labels:
        return []
    marked = current.lines.with_row_index("serial", 1).filter(pl.col("tag") > 0)
    prefix = f"{current.member.member_id}{current.period[2:4]}{current.period[5:]}C"
    ids: dict[int, list[str]] = {}
    for serial, tag in marked.select("serial", "tag").iter_rows():
        ids.setdefault(tag, []).append(f"{prefix}{serial:08d}")
    return [replace(label, charge_ids=tuple(ids.get(label.tag, ())) if label.tag else ()) for label in labels]
