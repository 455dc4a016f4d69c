"""Planted violations of charging, drugs and services (domain 5.3, R30-R66, S2-RISK-39, -45).

Belongs here: lines that should not be charged, each with its near-miss. Not here: stays (plants_stays), the tools
(planting), which member gets what (violations).
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from pipelines.demo.planting import Planter, Sheet, medical, stays_of
from pipelines.demo.referring import moves_up_into
from pipelines.demo.world import last_day

Put = Callable[[Planter, int, int], None]
"""Adds the lines of a plant: planter, case, tag."""


def _lines(
    rule: str, put: Put, near: Put, notes: tuple[str, str], where: Callable[[Planter], pl.Expr] | None = None
) -> Callable[[Sheet], None]:
    """A plant that adds lines to one stay, and a near-miss that adds nearly the same to another."""

    def plant(s: Sheet) -> None:
        p = s.planter
        fit = stays_of(5, 12) & medical(p)
        if where is not None:
            fit &= where(p)
        hits = p.take(fit, 1)
        for n, case in enumerate([*hits, *p.near(rule, stays_of(5, 12) & medical(p))]):
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


r30 = _lines("R30", _two("LAB025", "LAB016", 60), _two("LAB025", "LAB016", 420),
              ("blood gas and potassium within six hours", "blood gas and potassium seven hours apart"),
              lambda p: pl.col("los") >= 5)  # fmt: skip
r31 = _lines("R31", lambda p, c, t: p.add(c, "TRT011", _at(p, c, 2, 610), 3, tag=t),
              lambda p, c, t: p.add(c, "TRT011", _at(p, c, 2, 610), 2, tag=t),
              ("three dressings on a day, two allowed", "two dressings on a day"))  # fmt: skip
r32 = _lines("R32", lambda p, c, t: p.add(c, "TRT008", _at(p, c, 2, 620), price=_limit(p, "TRT008") * 3 // 2, tag=t),
              lambda p, c, t: p.add(c, "TRT008", _at(p, c, 2, 620), price=_limit(p, "TRT008"), tag=t),
              ("half above the ceiling", "exactly the ceiling"))  # fmt: skip


def _assessed(first: int, second: int | None) -> Callable[[Planter, int, int], None]:
    def put(p: Planter, case: int, tag: int) -> None:
        p.add(case, "TRT031", _at(p, case, first, 630), tag=0 if second else tag)
        if second is not None:
            p.add(case, "TRT031", _at(p, case, second, 630), tag=tag)

    return put


r33 = _lines("R33", _assessed(1, 4), _assessed(1, None),
              ("two rehabilitation assessments in four days, one in fourteen allowed", "one rehabilitation assessment"),
              lambda p: ~pl.col("drg_code").str.starts_with("XR"))  # fmt: skip
r34 = _lines("R34", lambda p, c, t: p.add(c, "TRT001", _at(p, c, 2, 930), 26, tag=t),
              lambda p, c, t: p.add(c, "TRT001", _at(p, c, 2, 930), 24, tag=t),
              ("26 hours of monitoring in a day", "24 hours of monitoring in a day"))  # fmt: skip


def r35(s: Sheet) -> None:
    p = s.planter
    with_panel = p.care.lines.filter(p.code("LAB008"))["case"].unique().to_list()
    fit = stays_of(4, 12) & medical(p) & pl.int_range(pl.len()).is_in(with_panel)
    for n, case in enumerate(p.take(fit, 2)):
        tag = p.tag()
        panel = int(p.lines_of(case).filter(p.code("LAB008"))["minute"][0])
        p.add(case, "LAB009", panel + 4 if n == 0 else (panel // 1440 + 2) * 1440 + 430, tag=tag)
        s.say(
            "R35", case, n == 0, "ALT beside the liver panel" if n == 0 else "ALT two days after the liver panel", tag
        )


r37 = _lines("R37", lambda p, c, t: p.add(c, "TRT007", _at(p, c, 2, 905), tag=t, named="TRT006"),
              lambda p, c, t: p.add(c, "TRT007", _at(p, c, 2, 905), tag=t, named="TRT008"),
              ("an infusion pump billed as an infusion", "an injection's name on an infusion, much alike"))  # fmt: skip


r39 = _lines("R39", lambda p, c, t: p.add(c, "HVC001", _at(p, c, 2, 675), tag=t),
              lambda p, c, t: p.mark(c, p.classes("consumable"), t),
              ("a coronary stent without an operation", "ordinary consumables without an operation"))  # fmt: skip


def r40(s: Sheet) -> None:
    p = s.planter
    asleep = p.care.lines.filter(p.code("ANE001"))["case"].unique().to_list()
    for n, case in enumerate(p.take(stays_of(2, 30) & pl.int_range(pl.len()).is_in(asleep), 2)):
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


def r42(s: Sheet) -> None:
    p = s.planter
    second = p.care.lines.filter(p.code("NUR004"))["case"].unique().to_list()
    for n, case in enumerate(p.take(stays_of(4, 14) & pl.int_range(pl.len()).is_in(second), 2)):
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


def substituted_bed(s: Sheet) -> None:
    p = s.planter
    for n, case in enumerate(p.take(stays_of(5, 12) & medical(p) & ~pl.col("drg_code").str.starts_with("XR"), 1)):
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


def _plain_dx(*prefixes: str) -> Callable[[Planter], pl.Expr]:
    return lambda p: ~pl.any_horizontal([pl.col("primary_diagnosis").str.starts_with(x) for x in prefixes])


def r50(s: Sheet) -> None:
    """At a township: a drug that only hospitals of the second level are paid for."""
    p = s.planter
    stroke = pl.col("primary_diagnosis").str.slice(0, 3).is_in(["I69", "I20", "I25", "I63"])
    for case in p.take(stays_of(3, 30) & stroke, 1) or p.take(stays_of(3, 30), 1):
        tag = p.tag()
        p.change(case, primary_diagnosis="I25.103", drg_code="FR49")
        listed = p.world.catalogue.listed
        foreign = [i.index for i in listed if i.indications and not any("I25.103".startswith(x) for x in i.indications)]
        p.remove(case, pl.col("item").is_in(foreign))
        p.add(case, "MED047", _at(p, case, 1, 575), 2, tag=tag)
        s.say("R50", case, True, "a drug below its level", tag)
    for case in p.take(stays_of(3, 30), 1):
        tag = p.tag()
        p.mark(case, p.code("MED021"), tag)
        s.say("R50", case, False, "a drug of every level", tag)


r51 = _lines("R51", lambda p, c, t: p.add(c, "MED019", _at(p, c, 2, 575), 2, tag=t),
              lambda p, c, t: p.add(c, "MED037", _at(p, c, 2, 575), 2, tag=t),
              ("omeprazole without an indication", "a drug without restriction"),
              _plain_dx("K2", "K92", "K85", "R57", "I61", "I63", "S06"))  # fmt: skip
r53 = _lines("R53", lambda p, c, t: p.add(c, "MED046", _at(p, c, 0, 1_000), 8, tag=t, days=20),
              lambda p, c, t: p.add(c, "MED046", _at(p, c, 0, 1_000), 8, tag=t, days=14),
              ("20 days of a drug paid for 14", "14 days of a drug paid for 14"),
              lambda p: ~pl.int_range(pl.len()).is_in(_cases_with(p, "MED046")))  # fmt: skip


def _cases_with(p: Planter, code: str) -> list[int]:
    return p.care.lines.filter(p.code(code))["case"].unique().to_list()


def _visits(p: Planter, where: pl.Expr, n: int) -> list[int]:
    return p.take((pl.col("encounter_type") == "outpatient") & where, n)


def r38(s: Sheet) -> None:
    """A drug billed that the store never issued, by a tenth and by less than a fiftieth; the latest lines carry it.

    After all other plants of the month: what is billed of the drug later would carry the excess.
    """
    p = s.planter
    within = pl.col("minute") < (last_day(p.care.period) + 1) * 1440
    drugs = p.care.lines.filter(p.classes("drug") & within).group_by("item").agg(pl.col("quantity").sum())
    for bad, least, share in ((True, 20, 10), (False, 240, 60)):
        item, billed = drugs.filter(pl.col("quantity") >= least).sort("quantity", "item").row(0)
        drugs = drugs.filter(pl.col("item") != item)  # the near-miss is another drug's
        code, excess = p.world.catalogue.listed[item].code, billed // share
        for case in _visits(p, pl.col("age_years") > 20, 1):
            tag = p.tag()
            p.add(case, code, p.number(case, "start") + 55, excess, tag=0 if bad else tag, off_stock=True)
            if not bad:
                s.say("R38", case, False, "billed beyond the stock by less than a fiftieth", tag)
                continue
            lines = p.care.lines.with_row_index("serial").filter(p.code(code) & within)
            lines = lines.sort("minute", "serial", descending=True)
            latest = lines.filter(pl.col("quantity").cum_sum() - pl.col("quantity") < excess)
            for one, serials in latest.group_by("case", maintain_order=True).agg("serial").iter_rows():
                tag = p.tag()
                p.used.add(one)
                p.mark_rows(serials, tag)
                s.say("R38", one, True, f"{excess} of {billed + excess} never left the store", tag)


def r41(s: Sheet) -> None:
    """An ampoule at the ceiling of its price, and one at what it was bought for."""
    p = s.planter
    for n, case in enumerate(_visits(p, pl.col("primary_diagnosis") == "M54.502", 2)):
        tag = p.tag()
        p.add(case, "MED037", p.number(case, "start") + 50, price=None if n else _limit(p, "MED037"), tag=tag)
        s.say("R41", case, n == 0, "an ampoule at what it was bought for" if n else "an ampoule above that", tag)


def r43(s: Sheet) -> None:
    """Copies of the record, which insurance never pays."""
    p = s.planter
    for n, case in enumerate(_visits(p, pl.col("primary_diagnosis") == "M54.502", 2)):
        tag = p.tag()
        p.add(case, "OTH004", p.number(case, "start") + 55, 10, tag=tag, as_insured=n == 0)
        s.say("R43", case, n == 0, "copies at own cost" if n else "copies billed to insurance", tag)


def r52(s: Sheet) -> None:
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


def r60(s: Sheet) -> None:
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


def r61(s: Sheet) -> None:
    p = s.planter
    for n, case in enumerate(p.take(stays_of(4, 12) & medical(p) & (pl.col("age_years") > 30), 1)):
        tag = p.tag()
        p.add(case, "TRT025", _at(p, case, 1, 845), 8, tag=tag)
        s.say("R61", case, n == 0, "light treatment of newborns on a grown-up", tag)
    for case in p.take(
        (pl.col("encounter_type") == "inpatient") & pl.col("primary_diagnosis").str.starts_with("P59"), 1
    ):
        tag = p.tag()
        p.mark(case, p.code("TRT025"), tag)
        s.say("R61", case, False, "light treatment of a newborn", tag)


def r63(s: Sheet) -> None:
    """TC-78: whole-body PET-CT for gastritis."""
    p = s.planter
    for n, case in enumerate(_visits(p, (pl.col("primary_diagnosis") == "K29.500") & (pl.col("age_years") >= 20), 2)):
        tag = p.tag()
        p.add(case, "EXM025" if n == 0 else "EXM031", p.number(case, "start") + 35, tag=tag)
        s.say("R63", case, n == 0, "PET-CT for gastritis" if n == 0 else "an exam without a list of indications", tag)


def _twice(gap: int) -> Put:
    """A scan of the chest on the second day, and again days later; the second one is marked."""

    def put(p: Planter, case: int, tag: int) -> None:
        p.remove(case, p.code("EXM004"))
        p.add(case, "EXM004", _at(p, case, 1, 640))
        p.add(case, "EXM004", _at(p, case, 1 + gap, 640), tag=tag)

    return put


r64 = _lines("R64", _twice(2), _twice(4), ("CT of the chest again after two days", "again after four days"),
              lambda p: pl.col("los") >= 6)  # fmt: skip


def _therapies(kinds: int) -> Put:
    """Kinds of therapy on the third day, the dearest first; what goes beyond four is marked."""

    def put(p: Planter, case: int, tag: int) -> None:
        p.remove(case, pl.any_horizontal([p.code(c) for c in THERAPIES]))
        for place, code in enumerate(sorted(THERAPIES, key=lambda c: (-_limit(p, c), c))[:kinds]):
            p.add(case, code, _at(p, case, 2, 840 + 5 * place), tag=tag if place >= 4 else 0)

    return put


THERAPIES = ("TRT016", "TRT017", "TRT018", "TRT020", "TRT029")
r66 = _lines("R66", _therapies(5), _therapies(4),
              ("five kinds of therapy on a day", "four kinds of therapy on a day"),
              lambda p: ~pl.col("drg_code").str.starts_with("XR"))  # fmt: skip


def repeated_exam(s: Sheet) -> None:
    """The lead hospital repeats the blood count of a referred patient (S2-RISK-45, S3-SHARE-05)."""
    p = s.planter
    rows = moves_up_into(p.world, p.care.member, p.care.period)[:3]
    shift = p.world.volume(p.care.member, p.care.period).visits
    for n, slot in enumerate(rows):
        case = shift + slot
        tag = p.tag()
        p.used.add(case)
        if n == 2:
            s.say("S2-RISK-45", case, False, "the township's blood count recognised")
            continue
        p.change(case, planted_secondary="repeat")
        p.add(case, "LAB001", p.number(case, "start") + 90, tag=tag)
        s.say("S2-RISK-45", case, True, "blood count repeated a day after the township's", tag)
