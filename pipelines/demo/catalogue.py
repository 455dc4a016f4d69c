"""The price list, the drug list and the DRG list of the seeds, as arrays that the generator can index.

Belongs here: reading `seeds/` and the limits that stand there. Not here: which case uses what (clinical).
The generator takes only what the lists allow for a level, a sex, an age and a diagnosis, so that the
natural part of the demo is clean by construction (domain 5.3): what is wrong in it was planted.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import numpy as np

from pipelines.demo.people import Ints, mix
from pipelines.demo.sizes import PERSONAS, Member

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
LEVELS = ("village", "primary", "secondary", "tertiary")
PRICE_COLUMN = {"tertiary": "max_price_tertiary", "secondary": "max_price_secondary"}


def read_seed(name: str, folder: Path = SEEDS) -> list[dict[str, str]]:
    """Rows of one seed file.

    Raises:
        FileNotFoundError: the reference data is not there; the demo cannot be written without it.
    """
    path = folder / f"{name}.csv"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: the demo takes its price, drug and DRG lists from the seeds")
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def fen(text: str) -> int:
    """Yuan in text to integer fen, half-up on the third decimal.

    Example:
        >>> fen("19.80")
        1980
    """
    return int((Decimal(text) * 100).quantize(Decimal(1), rounding="ROUND_HALF_UP"))


@dataclass(frozen=True)
class Item:
    """One row of seeds/items.csv with what drug_limits and exam_indications say about it."""

    index: int
    code: str
    name: str
    charge_class: str
    limits: dict[str, int | None]
    sex: str | None
    age_min: int
    age_max: int
    max_per_day: int | None
    is_recognisable: bool
    is_hourly: bool
    is_chargeable: bool
    modality: str
    in_catalog: bool
    indications: tuple[str, ...]
    level_floor: str
    max_days: int | None
    is_essential: bool
    is_centralised: bool

    def is_allowed(self, level: str, diagnoses: tuple[str, ...], sex: str | None, ages: tuple[int, int]) -> bool:
        """Whether the lists allow the item for this level, these diagnoses, this sex and this range of ages."""
        price = self.limits.get(level)
        if price is None or not self.is_chargeable:
            return False
        if LEVELS.index(level) < LEVELS.index(self.level_floor):
            return False
        if self.sex is not None and sex != self.sex:
            return False
        if ages[0] < self.age_min or ages[1] > self.age_max:
            return False
        if not self.indications:
            return True
        return any(d.startswith(p) for d in diagnoses for p in self.indications)


@dataclass(frozen=True)
class Group:
    """One row of seeds/drg.csv: a case template."""

    code: str
    mdc: str
    partition: str
    weight: float
    risk_grade: int
    reference_los: float
    diagnoses: tuple[str, ...]
    procedures: tuple[str, ...]
    sex: str | None
    age_min: int
    age_max: int
    levels: tuple[str, ...]
    items: tuple[str, ...]

    @property
    def severity(self) -> str:
        """Fourth place of the code: 1 with MCC, 3 with CC, 5 without, 9 not split (domain 3.2)."""
        return self.code[3]


@dataclass
class Catalogue:
    """Items, groups and diagnoses by code, and price arrays by member."""

    items: dict[str, Item]
    groups: dict[str, Group]
    icd_names: dict[str, str]
    icd_cc: dict[str, str]
    _prices: dict[str, Ints] = field(default_factory=dict)

    @cached_property
    def listed(self) -> list[Item]:
        """Items in index order."""
        return sorted(self.items.values(), key=lambda i: i.index)

    def item(self, code: str) -> Item:
        """The item of a code; the DRG list writes medicines as MED, the price list may as DRG."""
        if code in self.items:
            return self.items[code]
        alias = code.replace("MED", "DRG") if code.startswith("MED") else code.replace("DRG", "MED")
        if alias not in self.items:
            raise KeyError(f"item {code} of the demo's templates is not in seeds/items.csv")
        return self.items[alias]

    def prices(self, member: Member) -> Ints:
        """What the member charges for each item, in fen, 0 where its level may not.

        Services stand at or just below the ceiling of the level. Drugs and consumables are sold at
        purchase price (no mark-up, R41), and members buy at prices up to 23 % apart (S5-CASE-01).
        """
        if member.member_id not in self._prices:
            persona = PERSONAS[member.persona]
            out = np.zeros(len(self.items), dtype=np.int64)
            for item in self.listed:
                limit = item.limits.get(member.level)
                if limit is None:
                    continue
                if item.charge_class in ("drug", "consumable", "high_value_consumable"):
                    gap = mix(np.array([item.index * 1_000 + member.serial]), 77)[0] % 1_000 / 1_000
                    share = persona.drug_level + 0.06 - 0.17 * gap
                    out[item.index] = max(1, int(limit * min(share, 1.0)))
                else:
                    whole = limit * persona.price_level
                    out[item.index] = max(1, int(whole / 50) * 50 if limit >= 1_000 else limit)
            self._prices[member.member_id] = out
        return self._prices[member.member_id]


def load(folder: Path = SEEDS) -> Catalogue:
    """Read the seeds."""
    drug_rows = {row["drug_code"]: row for row in read_seed("drug_limits", folder)}
    exam_rows = {row["item_code"]: row for row in read_seed("exam_indications", folder)}
    items: dict[str, Item] = {}
    for row in read_seed("items", folder):
        code = row["item_code"]
        drug = drug_rows.get(code, {})
        limits = {
            level: fen(row[PRICE_COLUMN.get(level, "max_price_primary")])
            if row[PRICE_COLUMN.get(level, "max_price_primary")]
            else None
            for level in LEVELS
        }
        indications = drug.get("indication_icd_prefixes") or exam_rows.get(code, {}).get("indication_icd_prefixes", "")
        bounds = [int(t) for t in (row["age_min"], drug.get("age_min")) if t]
        tops = [int(t) for t in (row["age_max"], drug.get("age_max")) if t]
        items[code] = Item(
            index=len(items),
            code=code,
            name=row["item_name"],
            charge_class=row["charge_class"],
            limits=limits,
            sex=row["sex_limit"] or drug.get("sex_limit") or None,
            age_min=max(bounds, default=0),
            age_max=min(tops, default=130),
            max_per_day=int(row["max_per_day"]) if row["max_per_day"] else None,
            is_recognisable=row["is_recognisable"] == "true",
            is_hourly=row["is_hourly"] == "true",
            is_chargeable=row["is_chargeable"] == "true",
            modality=row.get("modality") or "none",
            in_catalog=row.get("catalog_class", "A") != "C",
            indications=tuple(p for p in indications.split("|") if p),
            level_floor=drug.get("level_limit") or "village",
            max_days=int(drug["max_days"]) if drug.get("max_days") else None,
            is_essential=drug.get("is_essential") == "true",
            is_centralised=drug.get("is_centralised") == "true",
        )
    groups = {
        row["drg_code"]: Group(
            code=row["drg_code"],
            mdc=row["mdc"],
            partition=row["partition"],
            weight=float(row["weight"]),
            risk_grade=int(row["risk_grade"]),
            reference_los=float(row["reference_los"]),
            diagnoses=tuple(row["principal_icd10"].split("|")),
            procedures=tuple(p for p in row["procedure_icd9cm3"].split("|") if p),
            sex=row["sex_limit"] or None,
            age_min=int(row["age_min"]),
            age_max=int(row["age_max"]),
            levels=tuple(row["typical_levels"].split("|")),
            items=tuple(i for i in row["typical_items"].split("|") if i),
        )
        for row in read_seed("drg", folder)
    }
    icd = read_seed("icd10", folder)
    return Catalogue(
        items, groups, {r["code"]: r["name"] for r in icd}, {r["code"]: r.get("cc_level", "") for r in icd}
    )
