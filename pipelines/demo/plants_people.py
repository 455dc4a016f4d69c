"""Planted violations that show in a whole stay, in a code, or beside who the doctor is (domain 5.3: R07, R08, R12,
R20, R23, R36, R54, R55, R62, R67, R69, R70).

Belongs here: stays kept for their exams, groups brought to a ward, days with too many visits, drugs fetched too soon,
codes that cannot be, doctors whom nobody knows, dialysis too often, each with its near-miss. Not here: other stays
(plants_stays), single lines (plants_lines), the tools (planting).
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from pipelines.demo import clinical, places
from pipelines.demo.care import doctor_ids
from pipelines.demo.planting import Patient, Planter, Sheet
from pipelines.demo.together import signed_and_away
from pipelines.demo.world import first_day

EXAMS = ("EXM018", "LAB022", "LAB024", "EXM031", "EXM019", "LAB021")
"""Dear exams and tests that stand in no list of indications and are never recognised between members."""


def _somebody(p: Planter, number: int) -> Patient:
    """A fresh patient of this month; numbers from 0 to 39."""
    return p.fresh_patient(400 + number + 40 * p.care.period.endswith("10"))


def _kept_for_exams(p: Planter, number: int, group: str, los: int, share: float) -> int:
    """A fresh patient's stay with bed, care and exams only, exams being this share of the bill."""
    start = (first_day(p.care.period) + 6 + number % 5) * 1440 + 600
    case = p.stay(_somebody(p, number), p.group(group), start, los)
    p.remove(case, ~p.classes("bed", "nursing", "registration", "other"))
    left = round(int(p.lines_of(case)["amount"].sum()) * share / (1 - share))
    place = 0
    while left > 0:
        exam = EXAMS[place % len(EXAMS)]
        price = min(left, p.world.catalogue.item(exam).limits[p.care.member.level] or 0)
        p.add(case, exam, p.day_of(case, (1 + place) % los) + 540 + place, price=price)
        left, place = left - price, place + 1
    return case


def r07(s: Sheet) -> None:
    p = s.planter
    for n in range(2):
        case = _kept_for_exams(p, n, "GW19", 2, 0.70)
        if n == 1:
            p.add(case, "TRT007", p.day_of(case, 1) + 600)
        s.say("R07", case, n == 0, "two days of exams for a light group" if n == 0 else "the same with an infusion")


def r08(s: Sheet) -> None:
    p = s.planter
    for n, share in enumerate((0.84, 0.76)):
        case = _kept_for_exams(p, 4 + n, "FR49", 5, share)
        s.say("R08", case, n == 0, f"exams are {share:.0%} of the bill, nothing else was done")


def r12(s: Sheet) -> None:
    """Five persons of one township doctor's list brought to one ward on a day, and four of another's."""
    p = s.planter
    lists = [signed_and_away(p.world, m, p.care.period) for m in p.world.of("township")[:4]]
    for n, away in enumerate(sorted(lists, key=len, reverse=True)[:2]):
        start = (first_day(p.care.period) + 8 + 7 * n) * 1440 + 560
        for k, one in enumerate(away[: 5 - n] if len(away) >= 5 - n else []):
            case = p.stay(Patient(*one), p.group("FR49"), start + 9 * k, 4)
            p.change(case, primary_diagnosis="I25.103")
            s.say("R12", case, n == 0, f"one of {5 - n} of a doctor's list admitted to one ward on a day")


def r54(s: Sheet) -> None:
    """Four weeks of a drug, and the next four fetched after ten days; of another after three weeks."""
    p = s.planter
    for n, gap in enumerate((10, 21)):
        patient = p.fresh_patient(380 + n + 8 * p.care.period.endswith("10"))
        first = (first_day(p.care.period) + 3 + n) * 1440 + 560
        for day in (0, gap):
            case = p.visit(patient, first + day * 1440, "血脂异常门诊", ("MED006", 28))
        tag = p.tag()
        p.mark(case, p.code("MED006"), tag)
        s.say("R54", case, n == 0, f"28 days of a drug again after {gap} days", tag)


def r67(s: Sheet) -> None:
    """A doctor's hundred and first visit of a day in September, the hundredth in October.

    After all other plants of the month: what else the doctor sees that day counts as well.
    """
    p = s.planter
    bad = p.care.period.endswith("09")
    clinic = places.clinic(p.care.member, "medicine")
    once = [k for k, v in enumerate(clinical.VISITS) if not v.programme and v.setting == "medicine"]
    start = (first_day(p.care.period) + 14) * 1440
    doctor = doctor_ids(p.world, p.care.member)[clinic][0]
    today = (pl.col("doctor_id") == doctor) & (pl.col("start") // 1440 == start // 1440)
    fit = (pl.col("encounter_type") == "outpatient") & (pl.col("dept") == clinic) & pl.col("kind").is_in(once) & ~today
    more = p.take(fit, (101 if bad else 100) - p.cases.filter(today).height)
    p.move(more, start, doctor)
    seen = p.cases.with_row_index("row").filter(today & pl.col("encounter_type").is_in(["outpatient", "emergency"]))
    last = int(seen.sort("start", "encounter_id")["row"][-1])
    p.used.add(last)
    s.say("R67", last, seen.height > 100, f"visit {seen.height} of a doctor on a day")


def r20_unshown(s: Sheet) -> None:
    """Respiratory failure that nothing shows, and a complication that is coded and needs no showing."""
    p = s.planter
    codes = {g.code for g in p.world.catalogue.groups.values()}
    heavy = sorted(c for c in codes if c.endswith("3") and c[:3] + "5" in codes)[0]
    for n in range(2):
        patient = _somebody(p, 8 + n)
        case = p.stay(patient, p.group(heavy), (first_day(p.care.period) + 4 + n) * 1440 + 600, 9)
        if n == 0:
            p.change(case, planted_secondary="unshown")
            shows = [p.code(c) for c in ("LAB025", "TRT003", "TRT004", "TRT005")]
            p.remove(case, pl.any_horizontal(shows))
        note = (
            "respiratory failure without blood gas, oxygen or ventilator" if n == 0 else "a complication that is coded"
        )
        s.say("R20", case, n == 0, note)


def r23(s: Sheet) -> None:
    p = s.planter
    fit = (pl.col("encounter_type") == "outpatient") & (pl.col("primary_diagnosis") == "E78.500")
    for male in (False, True):
        for case in p.take(fit & (pl.col("male") == male), 1):
            p.change(case, primary_diagnosis="N40.x00")
            s.say("R23", case, not male, "an enlarged prostate of a man" if male else "an enlarged prostate of a woman")


def r36(s: Sheet) -> None:
    """A second operation through one incision, at the full and at half the price."""
    p = s.planter
    for n in range(2):
        case = p.stay(_somebody(p, 22 + n), p.group("HC39"), (first_day(p.care.period) + 7 + n) * 1440 + 600, 5)
        tag = p.tag()
        begun = int(p.lines_of(case).filter(p.code("SUR005"))["minute"][0])
        full = p.world.catalogue.item("SUR004").limits[p.care.member.level] or 0
        p.add(case, "SUR004", begun + 1, price=full // (1 + n), tag=tag)
        s.say(
            "R36", case, n == 0, "appendix beside gallbladder at the full price" if n == 0 else "at half the price", tag
        )


def r55(s: Sheet) -> None:
    """Rabeprazole beside omeprazole on one day, and after it."""
    p = s.planter
    for n in range(2):
        case = p.stay(_somebody(p, 26 + n), p.group("BR15"), (first_day(p.care.period) + 5 + n) * 1440 + 600, 8)
        p.remove(case, p.code("MED019") | p.code("MED020"))
        p.add(case, "MED019", p.day_of(case, 2) + 580, 2)
        tag = p.tag()
        p.add(case, "MED020", p.day_of(case, 2 + n) + 1_000, 7, tag=tag)
        s.say("R55", case, n == 0, "two proton pump inhibitors on a day" if n == 0 else "one after the other", tag)


def r62(s: Sheet) -> None:
    """One identity number as a woman and as a man, and one twice as a woman."""
    p = s.planter
    for n in range(2):
        woman = replace(_somebody(p, 12 + n), male=False)
        first = p.visit(woman, (first_day(p.care.period) + 5) * 1440 + 600)
        again = p.visit(replace(woman, male=n == 0), (first_day(p.care.period) + 12) * 1440 + 600)
        p.add(first, "LAB039", p.number(first, "start") + 30)
        tag = p.tag()
        if n == 0:
            p.change(again, primary_diagnosis="N40.x00")
            p.remove(again, p.code("MED048"))
        p.add(again, "LAB036" if n == 0 else "LAB039", p.number(again, "start") + 30, tag=tag)
        s.say("R62", again, n == 0, "a men's item on who got a women's" if n == 0 else "a women's item twice", tag)


def r69(s: Sheet) -> None:
    p = s.planter
    fit = (pl.col("encounter_type") == "outpatient") & (pl.col("primary_diagnosis") == "E78.500")
    for n, case in enumerate(p.take(fit, 2)):
        if n == 0:
            p.change(case, doctor_id=f"{p.care.member.member_id}-99D999")
        s.say("R69", case, n == 0, "a doctor on no payroll" if n == 0 else "a doctor of the house")


def r70(s: Sheet) -> None:
    p = s.planter
    for n, sessions in enumerate((15, 14)):
        patient = _somebody(p, 18 + n)
        case = p.stay(patient, p.group("LL19"), (first_day(p.care.period) + 2) * 1440 + 500, 20)
        p.remove(case, p.code("TRT013"))
        tag = p.tag()
        for day in range(sessions):
            p.add(case, "TRT013", p.day_of(case, 1 + day) + 600, tag=0 if day < 14 else tag)
        s.say("R70", case, n == 0, f"{sessions} sessions in a month, 14 allowed", tag if n == 0 else 0)
