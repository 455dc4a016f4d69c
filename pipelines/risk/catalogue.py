"""The violation rules as they stand in their folder: facts and parameters beside each rule's model.

Belongs here: reading the descriptions of `dbt_project/models/intermediate/risk/rules`, and what a rule must say of
itself. Does not belong here: the predicates (SQL beside the descriptions), a consortium's own facts and parameters
(`risk_rules.csv`, `risk_rule_parameters.csv` of its reference data, judged by `pipelines/reference.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from pipelines.settings import PROJECT

FOLDER = PROJECT / "dbt_project" / "models" / "intermediate" / "risk" / "rules"
LISTED: Mapping[str, frozenset[str]] = {
    "rule_class": frozenset({"admission", "grouping", "charging", "drug", "service"}),
    "scene": frozenset({"inpatient", "outpatient", "all"}),
    "grain": frozenset({"stay", "visit", "encounter", "charge_line"}),
    "severity": frozenset({"certain", "suspect"}),
    "respond_unit": frozenset({"hour", "working_day"}),
}


class CatalogueError(ValueError):
    """A rule's description cannot be used; the text names the file, the rule and what to change."""


@dataclass(frozen=True)
class Rule:
    """One rule in one validity. `respond_within` counts hours or working days; dates are inclusive, None = open."""

    rule_code: str
    name_zh: str
    name_en: str
    rule_class: str
    scene: str
    grain: str
    review_window: str
    exclusions: str
    severity: str
    confidence: Decimal
    amount_rule: str
    basis: str
    legal_basis: str
    respond_within: int
    respond_unit: str
    version: int
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True)
class Parameter:
    """One number of a rule in one validity."""

    parameter: str
    value: Decimal
    unit: str
    source: str
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True)
class Entry:
    """A rule's model with everything that stands beside it: its validities in order, and its parameters."""

    model: str
    rule: tuple[Rule, ...]
    parameters: tuple[Parameter, ...]

    @property
    def code(self) -> str:
        return self.rule[0].rule_code


def load(folder: Path = FOLDER) -> dict[str, Entry]:
    """Every rule of the folder, by code.

    Raises:
        CatalogueError: a description lacks a fact, holds one that cannot be, or two validities overlap.
    """
    found: dict[str, Entry] = {}
    for path in sorted(folder.glob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            meta = model.get("config", {}).get("meta", {})
            if "rule" not in meta:
                continue
            entry = _entry(f"{path.name}, {model['name']}", model["name"], meta)
            if entry.code in found:
                raise CatalogueError(
                    f"{path.name}: {entry.code} is {found[entry.code].model} already; take another code"
                )
            found[entry.code] = entry
    return found


def _entry(where: str, model: str, meta: Mapping[str, Any]) -> Entry:
    rule = tuple(_typed(Rule, where, cells) for cells in meta["rule"])
    parameters = tuple(_typed(Parameter, where, cells) for cells in meta.get("parameters", []))
    if len({each.rule_code for each in rule}) != 1:
        raise CatalogueError(f"{where}: one model is one rule; give all its validities the same rule_code")
    _apart(where, rule)
    for name in {each.parameter for each in parameters}:
        _apart(f"{where}, {name}", [each for each in parameters if each.parameter == name])
    return Entry(model, rule, parameters)


def _typed(kind: type[Any], where: str, cells: Mapping[str, Any]) -> Any:
    """A rule or parameter of these cells, typed as its dataclass says."""
    known = {field.name: str(field.type) for field in fields(kind)}
    if unknown := sorted(set(cells) - set(known)):
        raise CatalogueError(f"{where}: {', '.join(unknown)}: no such fact; known are {', '.join(known)}")
    if missing := [name for name in known if name not in cells and name != "valid_to"]:
        raise CatalogueError(f"{where}: {', '.join(missing)} missing: say it")
    return kind(**{name: _cell(f"{where}, {name}", known[name], name, value) for name, value in cells.items()})


def _cell(where: str, declared: str, name: str, value: Any) -> Any:
    text = str(value)
    if name in LISTED and text not in LISTED[name]:
        raise CatalogueError(f"{where}: {text!r} is none of {', '.join(sorted(LISTED[name]))}")
    try:
        if declared.startswith("date"):
            if not isinstance(value, str):
                raise CatalogueError(f"{where}: write the day in quotes, dbt keeps no bare dates")
            return date.fromisoformat(value)
        if declared == "Decimal":
            return Decimal(text)
        return int(text) if declared == "int" else text
    except (ValueError, InvalidOperation) as error:
        if isinstance(error, CatalogueError):
            raise
        raise CatalogueError(f"{where}: {text!r} is not {declared}") from None


def _apart(where: str, validities: Sequence[Any]) -> None:
    in_order = sorted(validities, key=lambda each: each.valid_from)
    for earlier, later in pairwise(in_order):
        if earlier.valid_to is None or later.valid_from <= earlier.valid_to:
            raise CatalogueError(f"{where}: the validity from {earlier.valid_from} must end before {later.valid_from}")
