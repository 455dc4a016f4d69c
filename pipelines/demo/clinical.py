"""What kinds of visits and stays there are: templates of care.

Belongs here: which diagnosis brings which items, how often. Not here: drawing cases (care), prices (catalogue).
Stays come from seeds/drg.csv; visits from the table below.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.demo.catalogue import Catalogue, Group


@dataclass(frozen=True)
class Visit:
    """One kind of outpatient visit.

    `items` are (code, probability, quantity); drugs are (code, probability, quantity a visit, days).
    """

    name: str
    diagnosis: str
    setting: str  # clinic that sees it: medicine, surgery, women, children, tcm, emergency, home
    ages: tuple[int, int]
    sex: str | None
    weight: dict[str, float]  # by persona
    exams: tuple[tuple[str, float, int], ...]
    drugs: tuple[tuple[str, float, int, int], ...]
    programme: str | None = None  # of chronic care


_ALL = {"tertiary": 1.0, "general": 1.0, "specialist": 0.0, "township": 1.0, "village": 1.0}
_CHRONIC = {"tertiary": 1.2, "general": 1.4, "specialist": 0.0, "township": 3.0, "village": 4.0}
_UPPER = {"tertiary": 1.0, "general": 0.8, "specialist": 0.0, "township": 0.0, "village": 0.0}
_WOMEN = {"tertiary": 0.5, "general": 0.1, "specialist": 4.0, "township": 0.3, "village": 0.0}
_CHILD = {"tertiary": 0.6, "general": 0.2, "specialist": 4.0, "township": 0.8, "village": 0.8}
_TCM = {"tertiary": 0.2, "general": 3.0, "specialist": 0.1, "township": 0.9, "village": 0.3}
_EMERGENCY = {"tertiary": 1.0, "general": 1.0, "specialist": 0.4, "township": 1.0, "village": 0.0}

VISITS: tuple[Visit, ...] = (
    Visit("高血压门诊", "I10.x00x002", "medicine", (40, 84), None, _CHRONIC,
          (("EXM017", 0.45, 1), ("LAB012", 0.40, 1), ("LAB017", 0.35, 1), ("EXM019", 0.08, 1)),
          (("MED004", 0.9, 28, 28), ("MED005", 0.7, 28, 28), ("MED007", 0.5, 28, 28), ("MED006", 0.5, 28, 28),
           ("MED046", 0.2, 8, 4)), "hypertension"),
    Visit("糖尿病门诊", "E11.900", "medicine", (35, 84), None, _CHRONIC,
          (("LAB006", 0.55, 1), ("LAB007", 0.8, 1), ("LAB041", 0.3, 1), ("EXM026", 0.15, 1)),
          (("MED001", 0.9, 84, 28), ("MED002", 0.6, 2, 28), ("MED006", 0.4, 28, 28)), "diabetes"),
    Visit("冠心病门诊", "I25.103", "medicine", (48, 84), None, _CHRONIC,
          (("EXM017", 0.7, 1), ("EXM012", 0.25, 1), ("LAB017", 0.45, 1), ("LAB008", 0.3, 1)),
          (("MED006", 0.9, 28, 28), ("MED007", 0.8, 28, 28), ("MED008", 0.5, 28, 28)), "other"),
    Visit("慢阻肺门诊", "J44.100", "medicine", (55, 84), None, _ALL,
          (("LAB001", 0.5, 1), ("EXM001", 0.5, 1), ("EXM022", 0.3, 1), ("LAB023", 0.4, 1)),
          (("MED025", 0.7, 10, 5), ("MED026", 0.6, 10, 5), ("MED024", 0.6, 10, 5)), "copd"),
    Visit("血脂异常门诊", "E78.500", "medicine", (35, 78), None, _ALL,
          (("LAB017", 0.8, 1), ("LAB008", 0.5, 1), ("EXM013", 0.25, 1)),
          (("MED006", 0.95, 28, 28),)),
    Visit("上呼吸道感染", "J06.900", "medicine", (18, 75), None, {**_ALL, "specialist": 0.2},
          (("LAB001", 0.7, 1), ("LAB023", 0.5, 1), ("TRT009", 0.1, 1)),
          (("MED048", 0.8, 48, 4), ("MED017", 0.4, 24, 4))),
    Visit("急性支气管炎", "J20.900", "medicine", (18, 80), None, _ALL,
          (("LAB001", 0.7, 1), ("LAB023", 0.6, 1), ("EXM001", 0.45, 1), ("TRT007", 0.4, 1), ("TRT010", 0.3, 1)),
          (("MED018", 0.7, 6, 6), ("MED024", 0.6, 6, 3), ("MED048", 0.5, 48, 4))),
    Visit("慢性胃炎", "K29.500", "medicine", (25, 75), None, {**_ALL, "tertiary": 1.6},
          (("LAB038", 0.5, 1), ("EXM020", 0.18, 1), ("EXM011", 0.3, 1)),
          (("MED020", 0.95, 14, 14),)),
    Visit("急性胃肠炎", "K52.905", "medicine", (18, 75), None, _ALL,
          (("LAB001", 0.6, 1), ("LAB005", 0.7, 1), ("LAB015", 0.3, 1), ("TRT007", 0.5, 1)),
          (("MED021", 0.6, 2, 1), ("MED020", 0.5, 7, 7))),
    Visit("头痛", "R51.x00", "medicine", (20, 80), None, _UPPER,
          (("EXM003", 0.45, 1), ("EXM024", 0.4, 1), ("EXM008", 0.12, 1)),
          (("MED037", 0.6, 10, 10),)),
    Visit("眩晕", "H81.303", "medicine", (30, 80), None, _UPPER,
          (("EXM003", 0.3, 1), ("EXM013", 0.3, 1), ("TRT007", 0.4, 1)),
          (("MED037", 0.6, 10, 10), ("MED046", 0.4, 6, 3))),
    Visit("贫血", "D64.900", "medicine", (20, 80), None, _UPPER,
          (("LAB001", 0.9, 1), ("LAB008", 0.4, 1)), (("MED042", 0.4, 4, 14),)),
    Visit("腰痛", "M54.502", "surgery", (25, 78), None, {**_ALL, "general": 1.5},
          (("EXM009", 0.10, 1), ("TRT016", 0.3, 2), ("TRT029", 0.3, 1)),
          (("MED043", 0.7, 14, 7), ("MED050", 0.6, 42, 7))),
    Visit("泌尿道感染", "N39.000", "surgery", (20, 80), None, _ALL,
          (("LAB004", 0.9, 1), ("EXM011", 0.35, 1)), (("MED014", 0.7, 3, 3),)),
    Visit("湿疹", "L30.902", "surgery", (18, 75), None, _ALL, (("LAB001", 0.3, 1), ("TRT017", 0.3, 1)),
          (("MED048", 0.0, 1, 1),)),
    Visit("前列腺增生", "N40.x00", "surgery", (56, 84), "M", _UPPER,
          (("LAB036", 0.5, 1), ("EXM027", 0.3, 1), ("LAB004", 0.4, 1)),
          (("MED034", 0.9, 28, 28), ("MED035", 0.6, 28, 28))),
    Visit("颈痛(针灸)", "M54.200", "tcm", (25, 75), None, _TCM,
          (("TRT014", 0.9, 1), ("TRT021", 0.5, 1), ("TRT015", 0.5, 1)),
          (("MED051", 0.5, 21, 7), ("MED052", 0.5, 21, 7), ("MED050", 0.4, 42, 7))),
    Visit("失眠(中医)", "G47.000x001", "tcm", (25, 75), None, _TCM,
          (("TRT014", 0.5, 1), ("TRT028", 0.7, 7)),
          (("MED051", 0.9, 35, 7), ("MED052", 0.8, 35, 7), ("MED053", 0.8, 28, 7))),
    Visit("产前检查", "O34.201", "women", (20, 42), "F", {**_WOMEN, "township": 0.2},
          (("EXM015", 0.6, 1), ("EXM028", 0.4, 1), ("LAB001", 0.5, 1), ("LAB004", 0.6, 1)), ()),
    Visit("子宫肌瘤", "D25.900", "women", (32, 60), "F", _WOMEN,
          (("EXM014", 0.7, 1), ("LAB034", 0.3, 1), ("LAB001", 0.3, 1)), (("MED049", 0.8, 63, 7),)),
    Visit("子宫腺肌病", "N80.001", "women", (28, 50), "F", _WOMEN,
          (("EXM014", 0.7, 1), ("LAB039", 0.4, 1)), (("MED049", 0.8, 63, 7),)),
    Visit("先兆流产", "O20.000", "women", (20, 42), "F", {**_WOMEN, "township": 0.0},
          (("EXM014", 0.6, 1),), (("MED033", 0.9, 14, 7),)),
    Visit("儿童上呼吸道感染", "J06.900", "children", (2, 11), None, _CHILD,
          (("LAB001", 0.8, 1), ("LAB023", 0.6, 1)), (("MED036", 0.9, 12, 4),)),
    Visit("儿童支气管炎", "J20.900", "children", (2, 11), None, _CHILD,
          (("LAB001", 0.8, 1), ("EXM001", 0.3, 1), ("TRT010", 0.8, 2)),
          (("MED025", 0.8, 6, 3), ("MED026", 0.5, 6, 3))),
    Visit("脑震荡", "S06.000", "emergency", (18, 80), None, {**_EMERGENCY, "township": 0.0},
          (("EXM003", 0.95, 1), ("SUR022", 0.3, 1), ("TRT007", 0.6, 1)), (("MED021", 0.6, 2, 1),)),
    Visit("急诊胃肠炎", "K52.905", "emergency", (18, 80), None, _EMERGENCY,
          (("LAB001", 0.9, 1), ("LAB015", 0.7, 1), ("TRT007", 0.9, 1)), (("MED021", 0.9, 2, 1),)),
    Visit("急诊蜂窝织炎", "L03.900", "emergency", (18, 80), None, _EMERGENCY,
          (("LAB001", 0.9, 1), ("TRT011", 0.6, 1), ("TRT007", 0.7, 1)), (("MED013", 0.8, 4, 2),)),
    Visit("高血压上门随访", "I10.x00x002", "home", (60, 84), None, {**_CHRONIC, "tertiary": 0.0},
          (("TRT027", 1.0, 1),), (), "hypertension"),
    Visit("糖尿病上门随访", "E11.900", "home", (60, 84), None, {**_CHRONIC, "tertiary": 0.0},
          (("TRT027", 1.0, 1), ("LAB007", 0.5, 1)), (), "diabetes"),
)  # fmt: skip

SECONDARY_PLAIN = ("K76.000", "E78.500", "G47.000x001", "H81.303")
"""Secondary diagnoses without a complication level (seeds/icd10.csv, cc_level empty)."""
SECONDARY_CC = ("E11.900", "K21.001", "F32.900")
TUMOUR_OF_CHEMO = "C18.700"
"""The tumour that a chemotherapy stay (Z51.1) must name beside it."""

ADMISSION_LABS = ("LAB001", "LAB004", "LAB005", "LAB008", "LAB012", "LAB015", "LAB018", "LAB029")
ADMISSION_EXAMS = ("EXM001", "EXM017", "EXM011")
GENERIC_DRUGS = ("MED021", "MED022", "MED024", "MED046", "MED037", "MED013", "MED019", "MED015", "MED010", "MED012",
                 "MED047", "MED051", "MED052")  # fmt: skip
FLEXIBLE_TREATMENTS = ("TRT003", "TRT016", "TRT017", "TRT022", "TRT018")
DAILY_MAXIMUM = {"TRT003": 24, "TRT016": 4, "TRT017": 4, "TRT022": 1, "TRT018": 2}
NEEDS = {"HVC001": "SUR001", "HVC002": "SUR001", "HVC003": "SUR002", "HVC004": "SUR010", "HVC005": "SUR011",
         "HVC006": "SUR013", "HVC008": "SUR012", "HVC011": "SUR019", "CON014": "SUR006"}  # fmt: skip

DAY_SURGERY = ("CB39", "GK39")
"""Groups also done as day surgery."""


def grade_of_operation(group: Group) -> int:
    """Level 1-4 of the operation, by weight: a stand-in for the national list."""
    return 4 if group.weight >= 3.0 else 3 if group.weight >= 1.4 else 2 if group.weight >= 0.9 else 1


def _is_billable(catalogue: Catalogue, group: Group, level: str) -> bool:
    """A surgical group needs an operation on the price list of the level, else it could only be upcoded (R22)."""
    if group.partition != "surgical":
        return True
    return any(
        (item := catalogue.item(code)).charge_class == "surgery" and item.limits.get(level) is not None
        for code in group.items
    )


def groups_of(catalogue: Catalogue, level: str, persona: str) -> list[tuple[Group, float]]:
    """Groups that a member of this level treats, with their frequency.

    The specialist hospital takes women and children only; the others see few of them.
    """
    out: list[tuple[Group, float]] = []
    for group in catalogue.groups.values():
        if level not in group.levels or not _is_billable(catalogue, group, level):
            continue
        women_or_child = group.mdc in "NOP"
        weight = 1.0 / (0.6 + group.weight)
        if persona == "specialist":
            weight *= 1.0 if women_or_child else 0.0
        elif women_or_child:
            weight *= 0.25
        if persona == "general" and group.code in ("IU29", "XR25", "BR29", "FR49"):
            weight *= 3.0
        if persona == "township" and group.mdc in "EFK":
            weight *= 1.6
        if weight > 0:
            out.append((group, weight))
    return out
