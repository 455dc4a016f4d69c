"""Departments of a member.

Belongs here: which departments a member of a kind has, and where an item is done. Codes follow level 3 of the unified
cost code (domain 2.5): class, setting, specialty, serial. Not here: their cost (resources, ledger).
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.demo.catalogue import Item
from pipelines.demo.sizes import Member


@dataclass(frozen=True)
class Place:
    """One department: `heads` and `area` are shares of the member's whole."""

    code: str
    name: str
    dept_class: str
    heads: float
    area: float
    beds: float = 0.0
    is_key: bool = False
    mdcs: str = ""
    setting: str = ""


_TERTIARY = (
    Place("1O030001", "内科门诊", "clinical", 0.09, 0.06, setting="medicine"),
    Place("1O040001", "外科门诊", "clinical", 0.06, 0.05, setting="surgery"),
    Place("1O050001", "妇产科门诊", "clinical", 0.03, 0.02, setting="women"),
    Place("1O070001", "儿科门诊", "clinical", 0.03, 0.02, setting="children"),
    Place("1O500001", "中医科门诊", "clinical", 0.02, 0.02, setting="tcm"),
    Place("1O200001", "急诊科", "clinical", 0.06, 0.04, setting="emergency"),
    Place("1I030401", "心内科病区", "clinical", 0.07, 0.07, 0.16, True, "F"),
    Place("1I030201", "神经内科病区", "clinical", 0.05, 0.06, 0.14, False, "BDX"),
    Place("1I030101", "综合内科病区", "clinical", 0.09, 0.11, 0.28, False, "EGKLQRS"),
    Place("1I040101", "普外科病区", "clinical", 0.06, 0.06, 0.14, False, "HJMC"),
    Place("1I040301", "骨科病区", "clinical", 0.06, 0.06, 0.14, True, "I"),
    Place("1I050001", "妇产科病区", "clinical", 0.04, 0.05, 0.10, False, "NOP"),
    Place("1I280001", "重症医学科", "clinical", 0.04, 0.03, 0.04),
    Place("2S300001", "检验科", "medtech", 0.05, 0.04),
    Place("2S320001", "影像科", "medtech", 0.05, 0.05),
    Place("2S320501", "超声与功能科", "medtech", 0.04, 0.03),
    Place("2S260001", "手术麻醉科", "medtech", 0.06, 0.05),
    Place("2S990001", "药剂科", "medtech", 0.03, 0.03),
    Place("3S000001", "消毒供应室", "auxiliary", 0.015, 0.02),
    Place("3S000002", "挂号收费处", "auxiliary", 0.02, 0.02),
    Place("3S000003", "洗衣房", "auxiliary", 0.01, 0.02),
    Place("3S000004", "病案室", "auxiliary", 0.01, 0.01),
    Place("4N000001", "院办", "admin", 0.02, 0.03),
    Place("4N000002", "财务科", "admin", 0.02, 0.02),
    Place("4N000003", "医保办", "admin", 0.01, 0.01),
    Place("4N000004", "信息科", "admin", 0.01, 0.01),
    Place("4N000005", "总务科", "admin", 0.015, 0.03),
)
_GENERAL = (
    Place("1O500001", "中医内科门诊", "clinical", 0.13, 0.08, setting="medicine"),
    Place("1O500002", "针灸推拿门诊", "clinical", 0.08, 0.06, True, setting="tcm"),
    Place("1O040001", "外科门诊", "clinical", 0.06, 0.05, setting="surgery"),
    Place("1O200001", "急诊科", "clinical", 0.06, 0.04, setting="emergency"),
    Place("1I500001", "内科病区", "clinical", 0.16, 0.18, 0.45, False, "BDEFGKLQSJ"),
    Place("1I040001", "外科病区", "clinical", 0.11, 0.12, 0.25, False, "CGHIMNOR"),
    Place("1I500002", "针灸康复病区", "clinical", 0.11, 0.14, 0.30, True, "X"),
    Place("2S300001", "检验科", "medtech", 0.05, 0.04),
    Place("2S320001", "影像科", "medtech", 0.05, 0.05),
    Place("2S320501", "超声与功能科", "medtech", 0.03, 0.03),
    Place("2S260001", "手术麻醉科", "medtech", 0.04, 0.05),
    Place("2S990001", "药剂科", "medtech", 0.04, 0.04),
    Place("3S000001", "消毒供应室", "auxiliary", 0.02, 0.03),
    Place("3S000002", "挂号收费处", "auxiliary", 0.02, 0.02),
    Place("4N000001", "院办", "admin", 0.02, 0.04),
    Place("4N000002", "财务科", "admin", 0.02, 0.03),
)
_SPECIALIST = (
    Place("1O050001", "妇产科门诊", "clinical", 0.18, 0.12, setting="women"),
    Place("1O070001", "儿科门诊", "clinical", 0.14, 0.10, setting="children"),
    Place("1O030001", "综合门诊", "clinical", 0.05, 0.04, setting="medicine"),
    Place("1I050001", "产科病区", "clinical", 0.15, 0.16, 0.42, True, "O"),
    Place("1I050201", "妇科病区", "clinical", 0.10, 0.12, 0.28, False, "N"),
    Place("1I070101", "新生儿科", "clinical", 0.08, 0.09, 0.30, False, "P"),
    Place("2S300001", "检验科", "medtech", 0.06, 0.05),
    Place("2S320501", "超声影像科", "medtech", 0.06, 0.06),
    Place("2S260001", "手术麻醉科", "medtech", 0.05, 0.06),
    Place("2S990001", "药剂科", "medtech", 0.04, 0.04),
    Place("3S000001", "消毒供应室", "auxiliary", 0.02, 0.03),
    Place("3S000002", "挂号收费处", "auxiliary", 0.02, 0.03),
    Place("4N000001", "院办", "admin", 0.03, 0.05),
    Place("4N000002", "财务科", "admin", 0.02, 0.05),
)
_TOWNSHIP = (
    Place("1O020001", "全科门诊", "clinical", 0.30, 0.22, setting="medicine"),
    Place("1O500001", "中医馆", "clinical", 0.08, 0.10, setting="tcm"),
    Place("1P000001", "公共卫生科", "clinical", 0.16, 0.12, setting="home"),
    Place("1I020001", "住院部", "clinical", 0.16, 0.26, 1.0, False, "BDEFGHIJKLNOQRSX"),
    Place("2S300001", "检验放射科", "medtech", 0.09, 0.10),
    Place("2S990001", "药房", "medtech", 0.06, 0.06),
    Place("3S000002", "收费处", "auxiliary", 0.05, 0.04),
    Place("4N000001", "院办财务", "admin", 0.10, 0.10),
)
PLACES: dict[str, tuple[Place, ...]] = {
    "tertiary": _TERTIARY, "general": _GENERAL, "specialist": _SPECIALIST, "township": _TOWNSHIP, "village": (),
}  # fmt: skip
VILLAGE_PLACE = Place("1O020001", "全科", "clinical", 1.0, 1.0, setting="medicine")
"""Where a village clinic's visits happen; it delivers no departments."""


def places(member: Member) -> tuple[Place, ...]:
    """Departments of a member; the clinic's single room for a village."""
    return PLACES[member.persona] or (VILLAGE_PLACE,)


def clinic(member: Member, setting: str) -> int:
    """Index of the department that sees visits of a setting; the first clinic where there is none."""
    rows = places(member)
    for index, place in enumerate(rows):
        if place.setting == setting:
            return index
    return next(i for i, p in enumerate(rows) if p.setting)


def ward(member: Member, mdc: str) -> int:
    """Index of the ward for a major diagnostic category."""
    rows = places(member)
    for index, place in enumerate(rows):
        if place.beds and mdc in place.mdcs:
            return index
    return next(i for i, p in enumerate(rows) if p.beds)


_MODALITY = {"ct": ("2S320001",), "mri": ("2S320001",), "xray": ("2S320001",)}


def executing(member: Member, item: Item, ordering: int) -> int:
    """Index of the department that does an item: its own clinic unless a technical department does."""
    wanted: tuple[str, ...] = ()
    if item.charge_class == "lab":
        wanted = ("2S300001",)
    elif item.charge_class == "exam":
        wanted = (*_MODALITY.get(item.modality, ()), "2S320501", "2S320001", "2S300001")
    elif item.charge_class == "drug":
        wanted = ("2S990001",)
    elif item.charge_class in ("surgery", "anaesthesia", "high_value_consumable"):
        wanted = ("2S260001",)
    codes = {place.code: index for index, place in enumerate(places(member))}
    return next((codes[c] for c in wanted if c in codes), ordering)
