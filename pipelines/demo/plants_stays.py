"""Planted violations of admission and grouping (domain 5.3, R01-R22, S2-RISK-44, S5-RISK-01).

Belongs here: stays that should not be, and stays coded too high, each with its near-miss. Not here: charge lines
(plants_lines), the tools (planting), which member gets what (violations).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.demo.planting import Patient, Sheet, fresh_patient, medical, stays_of
from pipelines.demo.stays import open_groups
from pipelines.demo.world import World, first_day, last_day


def r01(s: Sheet) -> None:
    p = s.planter
    edge = (last_day(p.care.period) - 12) * 1440
    rows = p.take(stays_of(3, 8) & medical(p) & (pl.col("end") < edge) & (pl.col("drg_code") != "LL19"), 3)
    plans = (
        (5, "same disease, 5 days later", True),
        (1, "same disease, 1 day later", True),
        (6, "planned readmission within 15 days", False),
    )
    for case, (gap, note, bad) in zip(rows, plans, strict=False):
        start = (p.number(case, "end") // 1440 + gap) * 1440 + 600
        again = p.stay(p.patient(case), p.group(str(p.row(case)["drg_code"])), start, 4)
        p.change(again, is_planned_readmission=not bad)
        s.say("R01", again, bad, note)


def r02(s: Sheet) -> None:
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


def lend(s: Sheet) -> None:
    p = s.planter
    for stay in lent(p.world, p.care.period).values():
        p.stay(stay.patient, p.group(stay.group), stay.start, stay.los)


TWICE = "LAB021"
"""A test that every level may bill, that asks for no indication and is never recognised between members."""


def tested(world: World, period: str) -> dict[str, tuple[Patient, int]]:
    """A patient and an hour by township: the lead hospital bills a test then, and so does the township (S5-RISK-01)."""
    return {
        m.member_id: (fresh_patient(world, world.lead, 220 + n), (first_day(period) + 4 + n % 9) * 1440 + 500 + n)
        for n, m in enumerate(world.of("township"))
    }


def tested_here(s: Sheet) -> None:
    """The lead hospital's half of S5-RISK-01."""
    p = s.planter
    for patient, start in tested(p.world, p.care.period).values():
        p.add(p.visit(patient, start), TWICE, start + 30)


def tested_again(s: Sheet) -> None:
    """The township's half of S5-RISK-01: on the same day, or on the next."""
    p = s.planter
    patient, start = tested(p.world, p.care.period)[p.care.member.member_id]
    bad = p.care.member.serial % 2 == 0
    tag = p.tag()
    case = p.visit(patient, start + (240 if bad else 1_680))
    p.add(case, TWICE, start + (270 if bad else 1_710), tag=tag)
    day = "that day" if bad else "the day before"
    s.say("S5-RISK-01", case, bad, f"a test that {p.world.lead.member_id} bills {day} too", tag)


def r03(s: Sheet) -> None:
    p = s.planter
    edge = (last_day(p.care.period) - 9) * 1440
    for n, case in enumerate(
        p.take(stays_of(3, 9) & (pl.col("end") < edge) & pl.col("age_years").is_between(47, 84), 2)
    ):
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


def three_in_a_week(s: Sheet) -> None:
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


def r04(s: Sheet) -> None:
    p = s.planter
    for n, case in enumerate(p.take(stays_of(6, 8) & medical(p), 2)):
        empty = 3 if n == 0 else 1
        first = p.number(case, "start") // 1440 + 2
        service = ~p.classes("bed", "nursing", "registration", "other")
        p.remove(case, service & (pl.col("minute") // 1440).is_between(first, first + empty - 1))
        s.say("R04", case, n == 0, f"{empty} days with bed and care only, of {p.number(case, 'los')}")


def r05(s: Sheet) -> None:
    p = s.planter
    fit = stays_of(5, 12) & medical(p) & pl.col("age_years").is_between(20, 74)
    for n, case in enumerate(p.take(fit, 2)):
        patient = p.patient(case)
        inside = p.day_of(case, 2) + 600
        visit = p.visit(patient, inside if n == 0 else p.number(case, "end") // 1440 * 1440 + 900)
        s.say("R05", visit, n == 0, "visit inside a stay" if n == 0 else "visit on the day of discharge")


def r05_elsewhere(s: Sheet) -> None:
    """A visit at a township while the person lies in the lead hospital."""
    p = s.planter
    stay = lent(p.world, p.care.period)[p.care.member.member_id, "R05"]
    visit = p.visit(stay.patient, (stay.start // 1440 + 2) * 1440 + 610)
    s.say("R05", visit, True, f"visit while in bed at {p.world.lead.member_id}")


def r06(s: Sheet) -> None:
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


def r09(s: Sheet) -> None:
    p = s.planter
    for n, case in enumerate(p.take(stays_of(4, 9) & medical(p), 2)):
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


def r10(s: Sheet) -> None:
    p = s.planter
    edge = (last_day(p.care.period) - 5) * 1440
    for n, case in enumerate(p.take(stays_of(4, 9) & medical(p) & (pl.col("end") < edge), 2)):
        tag = p.tag()
        later = 3 if n == 0 else 1
        p.add(case, "TRT011", (p.number(case, "end") // 1440 + later) * 1440 + 600, tag=tag)
        s.say("R10", case, n == 0, f"treatment {later} days after discharge", tag)


def r11(s: Sheet) -> None:
    p = s.planter
    edge = (last_day(p.care.period) - 6) * 1440
    grave = pl.col("drg_code").is_in(["FR19", "ER35", "SR15", "FR25", "LR13", "HT19", "BR15", "GR15", "GS19"])
    for case in p.take(stays_of(3, 20) & grave & (pl.col("end") < edge) & pl.col("age_years").is_between(20, 90), 1):
        p.change(case, disposition="died")
        visit = p.visit(p.patient(case), (p.number(case, "end") // 1440 + 4) * 1440 + 600)
        s.say("R11", visit, True, "visit four days after death")
        s.say("R11", case, False, "the stay in which the person died")


def r13(s: Sheet) -> None:
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


def r20(s: Sheet) -> None:
    p = s.planter
    codes = {g.code for g in p.world.catalogue.groups.values()}
    light = [c for c in codes if c.endswith("5") and c[:3] + "3" in codes]
    rows = p.take(stays_of(3, 30) & pl.col("drg_code").is_in(light), 1)
    if not rows and light:
        group = p.group(sorted(light)[0])
        patient = p.fresh_patient(60 + int(p.care.period[5:]))
        rows = [p.stay(patient, group, (first_day(p.care.period) + 6) * 1440 + 600, 9)]
    for case in rows:
        heavy = str(p.row(case)["drg_code"])[:3] + "3"
        p.change(case, drg_code=heavy, planted_secondary="none")
        s.say("R20", case, True, "settled as with complication, no secondary diagnosis")
    for case in p.take(stays_of(3, 30) & pl.col("drg_code").is_in([c[:3] + "3" for c in light]), 1):
        s.say("R20", case, False, "settled as with complication, which is coded")


def r22(s: Sheet) -> None:
    p = s.planter
    surgical = [g.code for g in p.world.catalogue.groups.values() if g.partition == "surgical"]
    for n, case in enumerate(p.take(stays_of(2, 30) & pl.col("drg_code").is_in(surgical), 2)):
        if n == 0:
            p.remove(case, p.classes("surgery", "anaesthesia", "high_value_consumable") | p.code("CON014"))
        s.say("R22", case, n == 0, "an operation coded, none charged" if n == 0 else "an operation coded and charged")
