"""What is charged for hospital stays.

Belongs here: bed, care, exams, operations, drugs of a stay, day by day, up to about what its group is paid.
Not here: who stays (stays), the price (catalogue). Every day of a stay has a treatment and a drug, every item
stands at most once where the lists say so: nothing here may look like a violation of domain 5.3.
"""

from __future__ import annotations

import numpy as np

from pipelines.demo import clinical
from pipelines.demo.catalogue import Catalogue, Group, Item
from pipelines.demo.people import Floats, Ints, uniform
from pipelines.demo.sizes import Member, intensity
from pipelines.demo.stays import Bools, Stays
from pipelines.demo.visits import Lines
from pipelines.demo.world import World

STANDARD_RATE = 815_000
"""Payment of a weight of 1 in 2025, in fen (seeds/drg_rates.csv)."""
LEVEL_FACTOR = {"tertiary": 1.06, "secondary": 0.93, "primary": 0.62}
DRUG_SHARE = {"tertiary": 0.33, "secondary": 0.33, "primary": 0.40}
CONSUMABLE_SHARE = 0.12
CRITICAL_DAYS = 2
CRITICAL_GROUPS = ("ER35", "BR13", "SR15", "FR25")
HOUR = {"bed": 390, "nursing": 400, "registration": 540, "lab": 430, "exam": 620, "drug": 570,
        "treatment": 840, "surgery": 660, "anaesthesia": 665, "consumable": 680,
        "high_value_consumable": 675, "other": 900}  # fmt: skip


def allowed(group: Group, item: Item, level: str) -> bool:
    """Whether the lists allow an item in every stay of a group at a level."""
    needed = (clinical.TUMOUR_OF_CHEMO,) if group.diagnoses[0].startswith("Z51.1") else ()
    ages = (group.age_min, group.age_max)
    return all(item.is_allowed(level, (dx, *needed), group.sex, ages) for dx in group.diagnoses)


def critical(member: Member, stays: Stays) -> Bools:
    """Stays that begin in intensive care, at the tertiary hospital only."""
    codes = np.array([g.code in CRITICAL_GROUPS for g in stays.groups], dtype=bool)
    if member.level != "tertiary" or not len(stays.person):
        return np.zeros(len(stays.person), dtype=bool)
    return codes[stays.group] & (stays.los >= 4)


def operated(stays: Stays) -> Bools:
    """Stays with an operation or procedure."""
    if not len(stays.person):
        return np.zeros(0, dtype=bool)
    return np.array([bool(g.procedures) for g in stays.groups], dtype=bool)[stays.group]


def operation_day(stays: Stays) -> Ints:
    """Day of the stay on which the operation is done: the second, the first in day surgery."""
    return np.where(stays.is_day_surgery, 0, 1)


class _Desk:
    """Collects the lines of one member's stays."""

    def __init__(self, catalogue: Catalogue, member: Member, stays: Stays, prices: Ints) -> None:
        self.catalogue, self.member, self.stays, self.prices = catalogue, member, stays, prices
        self.lines = Lines()
        self.charged: Floats = np.zeros(len(stays.person))

    def put(self, item: Item, rows: Ints, day: Ints | int, quantity: Ints | int = 1, late: int = 0) -> None:
        if not len(rows):
            return
        offset = np.broadcast_to(np.asarray(day, dtype=np.int64), len(rows))
        minute = (self.stays.start[rows] // 1440 + offset) * 1440 + HOUR[item.charge_class] + late
        minute = np.clip(minute, self.stays.start[rows] + 6, self.stays.end[rows] - 6)
        amount = np.broadcast_to(np.asarray(quantity, dtype=np.int64), len(rows))
        self.lines.add(rows, minute, item.index, amount, self.stays.ward[rows])
        np.add.at(self.charged, rows, amount * self.prices[item.index])


def _every_day(stays: Stays, rows: Ints, first: int = 0) -> tuple[Ints, Ints]:
    """Each stay as many times as it has nights, with the day from `first`."""
    n = np.maximum(stays.los[rows] - first, 0)
    again = np.repeat(rows, n)
    start = np.repeat(np.cumsum(n) - n, n)
    return again, np.arange(len(again), dtype=np.int64) - start + first


def stay_lines(world: World, member: Member, period: str, stays: Stays) -> Lines:
    """Charge lines of all stays admitted in a month, over their whole length."""
    catalogue = world.catalogue
    rng = world.stream(member.member_id, period, "stay-lines")
    desk = _Desk(catalogue, member, stays, catalogue.prices(member))
    if not len(stays.person):
        return desk.lines
    year_factor = 1.0 if period.startswith("2025") else 8300 / 8150
    fresh = ~(stays.referred_in | stays.again)  # no recognisable exam twice in 30 days (S3-SHARE-05)
    is_critical = critical(member, stays)
    surgery_day = operation_day(stays)
    for index, group in enumerate(stays.groups):
        rows = np.flatnonzero(stays.group == index)
        if not len(rows):
            continue
        nights = rows[~stays.is_day_surgery[rows]]
        _daily(desk, group, nights, is_critical)
        _once(desk, group, rows, fresh, surgery_day, rng)
        target = group.weight * STANDARD_RATE * LEVEL_FACTOR[member.level] * year_factor * intensity(member, period)
        target_of = target * np.exp(rng.normal(0.0, 0.10, len(rows)))
        if len(nights):
            keep = ~stays.is_day_surgery[rows]
            _fill(desk, group, nights, target_of[keep])
    return desk.lines


def _daily(desk: _Desk, group: Group, rows: Ints, is_critical: Bools) -> None:
    """Bed, consultation, care and infusion of each day."""
    stays, item = desk.stays, desk.catalogue.item
    case, day = _every_day(stays, rows)
    if not len(case):
        return
    newborn = group.age_max == 0
    intensive = is_critical[case] & (day < CRITICAL_DAYS)
    plain = "BED007" if newborn else "BED005" if group.code.startswith("XR") else "BED001"
    care = "NUR006" if newborn else "NUR003" if group.weight >= 1.0 else "NUR004"
    desk.put(item(plain), case[~intensive], day[~intensive])
    desk.put(item(care), case[~intensive], day[~intensive])
    if intensive.any():
        desk.put(item("BED004"), case[intensive], day[intensive])
        desk.put(item("NUR001"), case[intensive], day[intensive])
    desk.put(item("REG006"), case, day)
    if newborn:
        desk.put(item("TRT025"), case, day, 12)
    else:
        desk.put(item("TRT007"), case, day)
    every_third = day % 3 == 0
    desk.put(item("CON003" if group.weight >= 0.6 else "CON001"), case[every_third], day[every_third])


def _once(desk: _Desk, group: Group, rows: Ints, fresh: Bools, surgery_day: Ints, rng: np.random.Generator) -> None:
    """Admission exams, the group's typical items, and the operation with what it needs."""
    stays, level, item = desk.stays, desk.member.level, desk.catalogue.item
    done: set[str] = set()

    def once(code: str, share: float, day: Ints | int = 0, quantity: int = 1) -> None:
        thing = item(code)
        if code in done or not allowed(group, thing, level):
            return
        done.add(code)
        hit = rng.random(len(rows)) < share
        if thing.is_recognisable:
            hit &= fresh[rows]
        hit &= ~stays.is_day_surgery[rows] | (share >= 1.0)
        where = rows[hit]
        days = day if isinstance(day, int) else day[hit]
        desk.put(thing, where, np.minimum(days, np.maximum(stays.los[where] - 1, 0)), quantity)

    labs = ("LAB001",) if group.age_max == 0 else clinical.ADMISSION_LABS
    for code in labs:
        once(code, 1.0 if code == "LAB001" else 0.4 if code == "LAB029" else 0.85)
    typical = {item(c).code for c in group.items}
    if group.age_max > 0:
        for code in clinical.ADMISSION_EXAMS:
            if code == "EXM017" and "EXM018" in typical:
                continue
            once(code, 0.6)
    day_of = surgery_day[rows]
    for code in group.items:
        thing = item(code)
        if thing.charge_class in ("exam", "lab"):
            if code == "EXM029" and "SUR001" in typical:
                continue  # the stent operation contains the angiography
            once(code, 1.0 if code in ("LAB006", "LAB042") else 0.8, 1 if thing.charge_class == "exam" else 0)
        elif thing.charge_class in ("surgery", "anaesthesia") or code in ("TRT013", "TRT026"):
            once(code, 1.0, day_of)
        elif thing.charge_class in ("consumable", "high_value_consumable"):
            needs = clinical.NEEDS.get(code)
            if needs is None or (needs in typical and allowed(group, item(needs), level)):
                once(code, 1.0, day_of, 2 if code == "HVC008" and group.weight > 2 else 1)
    if group.age_max > 0 and group.weight >= 0.7 and level != "primary":
        for code, share in (("LAB020", 0.7), ("LAB021", 0.5), ("LAB022", 0.5), ("LAB024", 0.5), ("EXM004", 0.5),
                            ("EXM012", 0.5), ("EXM013", 0.3), ("EXM011", 0.3)):  # fmt: skip
            once(code, share)
    if "ANE001" in done:
        once("ANE005", 1.0, day_of, 3)
    if "TRT013" in done:
        once("CON011", 1.0, day_of)
        once("CON012", 1.0, day_of)
    if done & {"SUR001", "SUR002", "SUR003", "SUR005", "SUR007", "SUR008", "SUR010", "SUR011", "SUR014", "SUR018"}:
        once("CON015", 0.7, day_of)
        once("CON007", 0.9, day_of)


def _fill(desk: _Desk, group: Group, rows: Ints, target: Floats) -> None:
    """Drugs and treatments of each day, so that the stay costs about what its group is paid."""
    stays, level, item = desk.stays, desk.member.level, desk.catalogue.item
    los = np.maximum(stays.los[rows], 1)
    gap = np.maximum(target - desk.charged[rows], 0.0)
    drug_budget = np.minimum(gap, target * DRUG_SHARE[level]) / los
    wanted = [c for c in (*group.items, *clinical.GENERIC_DRUGS) if item(c).charge_class == "drug"]
    options = [i for c in dict.fromkeys(wanted) if allowed(group, i := item(c), level)]
    carrier = item("MED021")
    case, day = _every_day(stays, rows)
    slot = np.repeat(np.arange(len(rows)), los)
    desk.put(carrier, case, day, 2)
    budget = drug_budget[slot] - 2 * desk.prices[carrier.index]
    # Two main drugs by patient, among those whose price fits the budget; short courses only (R53).
    drugs = [i for i in options if i.code != carrier.code]
    price = np.maximum(np.array([desk.prices[i.index] for i in drugs], dtype=np.int64), 1)
    taken = np.zeros((len(rows), len(drugs)), dtype=bool)
    for place, share in enumerate((0.62, 0.38)):
        daily = (drug_budget * share)[:, None]
        fits = (daily >= price * 0.5) & (daily < price * 14) & ~taken
        count = fits.sum(axis=1)
        nth = (uniform(stays.person[rows], 50 + place) * np.maximum(count, 1)).astype(np.int64)
        pick = np.argmax(np.cumsum(fits, axis=1) == (nth + 1)[:, None], axis=1)
        for number, thing in enumerate(drugs):
            mine = (pick == number) & (count > 0)
            if not mine.any():
                continue
            taken[mine, number] = True
            use = mine[slot] & (day < min(thing.max_days or 12, 12))
            quantity = np.clip(np.rint(budget[use] * share / price[number]), 1, 14).astype(np.int64)
            desk.put(thing, case[use], day[use], quantity, late=15 + 20 * place)
    rest = np.minimum(np.maximum(target - desk.charged[rows], 0.0), target * CONSUMABLE_SHARE)
    catheter, dressing = item("CON017"), item("CON004")
    if group.weight >= 0.9 and level != "primary":
        with_catheter = rest > desk.prices[catheter.index]
        desk.put(catheter, rows[with_catheter], 0)
        rest = rest - with_catheter * desk.prices[catheter.index]
    amount = np.clip(np.floor(rest / los / desk.prices[dressing.index]), 0, 12).astype(np.int64)[slot]
    desk.put(dressing, case[amount > 0], day[amount > 0], amount[amount > 0], late=3)
    rest = np.maximum(target - desk.charged[rows], 0.0)
    surgery = operation_day(stays)[rows]
    has_operation = bool(group.procedures)
    intensive = critical(desk.member, stays)[rows]
    for code in clinical.FLEXIBLE_TREATMENTS:
        thing = item(code)
        if not allowed(group, thing, level) or group.age_max == 0:
            continue
        if code == "TRT003" and "TRT004" in {item(c).code for c in group.items}:
            continue
        each = max(int(desk.prices[thing.index]), 1)
        most = clinical.DAILY_MAXIMUM[code]
        need = rest / los / each
        use = (need >= most * 0.25)[slot]
        if has_operation:
            use &= day != surgery[slot]
        use &= ~(intensive[slot] & (day < CRITICAL_DAYS))
        quantity = np.clip(np.floor(need), 1, most).astype(np.int64)[slot]
        desk.put(thing, case[use], day[use], quantity[use], late=15)
        rest = np.maximum(target - desk.charged[rows], 0.0)
